import _src

_src.start(snakemake)

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.robustness import measure_robustness

measure_robustness(
    weights=snakemake.input.weights,
    frames=snakemake.input.frames,
    groups=snakemake.input.groups,
    split="test",
    camera_path=snakemake.input.camera,
    output=snakemake.output[0],
    config=EvaluationConfig.model_validate(snakemake.params.evaluation),
)
