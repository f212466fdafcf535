import _src

_src.start(snakemake)

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.evaluate import evaluate_sequences

evaluate_sequences(
    system=snakemake.wildcards.system,
    weights=snakemake.input.weights,
    sequences=snakemake.params.records,
    psfs=snakemake.input.psfs,
    camera_path=snakemake.input.camera,
    output=snakemake.output[0],
    config=EvaluationConfig.model_validate(snakemake.params.evaluation),
    lpips=dict(zip(snakemake.params.lpips, snakemake.input.lpips, strict=True)),
    baselines=snakemake.input.baselines,
)
