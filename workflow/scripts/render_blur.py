import _src

_src.start(snakemake)

from unsmear.optics.render import render_blur

render_blur(
    frames_path=snakemake.input.frames,
    camera_psfs_path=snakemake.input.psfs,
    camera_path=snakemake.input.camera,
    groups=None,
    output_path=snakemake.output.blur,
    note_path=snakemake.output.note,
    split=snakemake.wildcards.split,
    sequence=snakemake.wildcards.sequence,
    seed=snakemake.params.seed,
)
