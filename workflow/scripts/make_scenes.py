import _src

_src.start(snakemake)

from unsmear.scenes.archives import make_archive
from unsmear.scenes.config import ScenesConfig

make_archive(
    config=ScenesConfig.model_validate(snakemake.params.scenes),
    archive=snakemake.wildcards.archive,
    seed=snakemake.params.seed,
    output=snakemake.output[0],
)
