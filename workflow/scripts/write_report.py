import _src

_src.start(snakemake)

from unsmear.comparison.provenance import collect_versions, record_report
from unsmear.comparison.steps import read_steps
from unsmear.report.config import ReportConfig
from unsmear.report.page.write import write_report, write_table_page

given, params, output = snakemake.input, snakemake.params, snakemake.output
report = ReportConfig.model_validate(params.report)
write_report(
    output=output.page,
    table_csv=given.table,
    gallery_json=given.gallery,
    figures=given.figures,
    cameras=params.cameras,
    config_text=params.config_text,
    versions=collect_versions(),
    provenance=record_report(params.config_text, given.groups, given.frames, params.codes, output),
    costs=params.costs,
    sweeps=params.sweeps,
    differences=params.differences,
    steps=read_steps(params.benchmarks),
    config=report,
)
write_table_page(output.table, given.table, report)
