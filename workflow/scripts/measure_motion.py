import _src

_src.start(snakemake)

from unsmear.scenes.archives import measure_motion
from unsmear.scenes.config import ScenesConfig

measure_motion(
    config=ScenesConfig.model_validate(snakemake.params.scenes),
    split=snakemake.wildcards.split,
    seed=snakemake.params.seed,
    num_frames=snakemake.params.num_frames,
    output=snakemake.output[0],
)
