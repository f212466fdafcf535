import _src

_src.start(snakemake)

from unsmear.frames.grouping import group_frames

group_frames(
    stores=list(snakemake.input),
    num_frames=snakemake.params.num_frames,
    output_csv=snakemake.output[0],
)
