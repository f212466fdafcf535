import _src

_src.start(snakemake)

from unsmear.losses.config import PerceptualConfig
from unsmear.losses.perceptual import fetch_features

fetch_features(PerceptualConfig.model_validate(snakemake.params.perceptual), snakemake.output[0])
