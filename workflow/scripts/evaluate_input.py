import _src

_src.start(snakemake)

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.evaluate_input import evaluate_input

evaluate_input(
    system=f"input_{snakemake.wildcards.camera}",
    sequences=snakemake.params.records,
    psfs=snakemake.input.psfs,
    camera_path=snakemake.input.camera,
    output=snakemake.output[0],
    config=EvaluationConfig.model_validate(snakemake.params.evaluation),
    lpips=dict(zip(snakemake.params.lpips, snakemake.input.lpips, strict=True)),
    baselines=snakemake.input.baselines,
)
