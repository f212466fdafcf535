import _src

_src.start(snakemake)

from pathlib import Path

from unsmear.evaluation.config import EvaluationConfig, ReportConfig
from unsmear.report.curves import draw_robustness, draw_training_curves
from unsmear.report.figures import draw_figures

report = ReportConfig.model_validate(snakemake.params.report)
evaluation = EvaluationConfig.model_validate(snakemake.params.evaluation)
draw_figures(snakemake.params.systems, Path(snakemake.output.curves).parent, report, evaluation)
draw_training_curves(snakemake.params.systems, snakemake.output.curves, report)
if snakemake.params.robustness:
    draw_robustness(snakemake.params.systems, snakemake.params.robustness, snakemake.output.robustness, report)
