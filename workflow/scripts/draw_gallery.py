import _src

_src.start(snakemake)

from pathlib import Path

from unsmear.evaluation.config import EvaluationConfig
from unsmear.report.config import ReportConfig
from unsmear.report.gallery import draw_gallery

draw_gallery(
    systems=snakemake.params.systems,
    cameras=snakemake.params.cameras,
    frames=snakemake.params.frames,
    groups=snakemake.input.groups,
    split="test",
    folder=Path(snakemake.output.json).parent,
    config=ReportConfig.model_validate(snakemake.params.report),
    evaluation=EvaluationConfig.model_validate(snakemake.params.evaluation),
)
