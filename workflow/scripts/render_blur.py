import _src

_src.start(snakemake)

from unsmear.optics.render import render_blur

files = zip(snakemake.input.frames, snakemake.output.blur, snakemake.output.notes, strict=True)
for record, (frames, blur, note) in zip(snakemake.params.records, files, strict=True):
    render_blur(
        frames_path=frames,
        camera_psfs_path=snakemake.input.psfs,
        camera_path=snakemake.input.camera,
        output_path=blur,
        note_path=note,
        split=record["split"],
        sequence=record["sequence"],
        seed=snakemake.params.seed,
    )
