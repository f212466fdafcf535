import _src

_src.start(snakemake)

from unsmear.optics.config import CameraConfig
from unsmear.optics.simulate import simulate_camera

simulate_camera(
    config=CameraConfig.model_validate(snakemake.params.camera),
    num_frames=snakemake.params.num_frames,
    psfs_path=snakemake.output.psfs,
    camera_path=snakemake.output.camera,
)
