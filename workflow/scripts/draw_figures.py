import _src

_src.start(snakemake)

from pathlib import Path

from unsmear.evaluation.config import EvaluationConfig
from unsmear.report.config import ReportConfig
from unsmear.report.curves import draw_robustness, draw_training_curves
from unsmear.report.figures import draw_figures

report = ReportConfig.model_validate(snakemake.params.report)
evaluation = EvaluationConfig.model_validate(snakemake.params.evaluation)
systems, folder = snakemake.params.systems, Path(snakemake.output[0]).parent
draw_figures(systems, folder, report, evaluation)
if any(system.get("metrics") for system in systems):
    draw_training_curves(systems, folder / "training_curves.png", report)
if snakemake.params.robustness:
    draw_robustness(systems, snakemake.params.robustness, folder / "robustness.png", report)
