import _src

_src.start(snakemake)

from unsmear.evaluation.fit_camera import fit_camera_baselines

fit_camera_baselines(
    sequences=snakemake.params.records,
    psfs=snakemake.input.psfs,
    camera_path=snakemake.input.camera,
    output=snakemake.output[0],
)
