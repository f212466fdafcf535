import _src

_src.start(snakemake)

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.fit_system import fit_system_baselines

fit_system_baselines(
    weights=snakemake.input.weights,
    sequences=snakemake.params.records,
    output=snakemake.output[0],
    config=EvaluationConfig.model_validate(snakemake.params.evaluation),
)
