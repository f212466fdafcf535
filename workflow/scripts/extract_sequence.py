import _src

_src.start(snakemake)

from unsmear.frames.extract import extract_sequence

extract_sequence(
    archive=snakemake.input[0],
    part=snakemake.params.part,
    sequence=snakemake.wildcards.sequence,
    output=snakemake.output[0],
    max_frames=snakemake.params.max_frames,
    max_height=snakemake.params.max_height,
    num_frames=snakemake.params.num_frames,
)
