import _src

_src.start(snakemake)

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.cost import measure_cost
from unsmear.frames.store import open_store

height, width = open_store(snakemake.input.frames).shape[1:3]
measure_cost(
    weights=snakemake.input.weights,
    height=height,
    width=width,
    output=snakemake.output[0],
    config=EvaluationConfig.model_validate(snakemake.params.evaluation),
)
