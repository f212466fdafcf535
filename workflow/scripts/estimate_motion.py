import _src

_src.start(snakemake)

from unsmear.motion.groups import estimate_motion
from unsmear.scenes.config import ScenesConfig

files = zip(snakemake.params.records, snakemake.input, snakemake.output, strict=True)
estimate_motion(
    [{**record, "frames": frames, "output": output} for record, frames, output in files],
    num_frames=snakemake.params.num_frames,
    scenes=snakemake.params.scenes and ScenesConfig.model_validate(snakemake.params.scenes),
    seed=snakemake.params.seed,
)
