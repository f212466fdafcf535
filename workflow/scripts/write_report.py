import _src

_src.start(snakemake)

from unsmear.comparison.provenance import collect_report_provenance, collect_versions
from unsmear.report.config import ReportConfig
from unsmear.report.page.write import write_report, write_table_page

text, report = snakemake.params.config_text, ReportConfig.model_validate(snakemake.params.report)
write_report(
    output=snakemake.output.page,
    table_csv=snakemake.input.table,
    gallery_json=snakemake.input.gallery,
    figures=snakemake.input.figures,
    cameras=snakemake.params.cameras,
    config_text=text,
    versions=collect_versions(),
    provenance=collect_report_provenance(text, snakemake.input.groups, snakemake.input.frames),
    costs=snakemake.params.costs,
    sweeps=snakemake.params.sweeps,
    differences=snakemake.params.differences,
    config=report,
)
write_table_page(snakemake.output.table, snakemake.input.table, report)
