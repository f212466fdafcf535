import _src

_src.start(snakemake)

from unsmear.evaluation.config import ReportConfig
from unsmear.report.html import write_report
from unsmear.report.provenance import collect_report_provenance, collect_versions

text = snakemake.params.config_text
write_report(
    output=snakemake.output[0],
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
    config=ReportConfig.model_validate(snakemake.params.report),
)
