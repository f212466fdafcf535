import _src

_src.start(snakemake)

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.cost import measure_cost
from unsmear.evaluation.differences import cheaper_variants, measure_differences
from unsmear.frames.store import open_store

NUM_PICTURES = 2  # enough to say how far predictions move

config = EvaluationConfig.model_validate(snakemake.params.evaluation)
pictures, weights = open_store(snakemake.input.blur)[:NUM_PICTURES], snakemake.input.weights
measure_cost(weights, *pictures.shape[1:3], snakemake.output.cost, config)
measure_differences(weights, pictures, cheaper_variants(config), snakemake.output.differences, config)
