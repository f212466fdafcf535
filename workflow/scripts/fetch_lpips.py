import _src

_src.start(snakemake)

from unsmear.evaluation.config import LpipsWeights
from unsmear.evaluation.lpips_weights import fetch_lpips

fetch_lpips(
    variant=snakemake.wildcards.variant,
    files=LpipsWeights.model_validate(snakemake.params.lpips),
    output=snakemake.output[0],
)
