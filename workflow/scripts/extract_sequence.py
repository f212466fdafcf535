import _src

_src.start(snakemake)

from unsmear.frames.extract import extract_sequence

for record, output in zip(snakemake.params.records, snakemake.output, strict=True):
    extract_sequence(
        archive=record["archive"],
        part=record["part"],
        sequence=record["sequence"],
        output=output,
        max_frames=snakemake.params.max_frames,
        max_height=snakemake.params.max_height,
        num_frames=snakemake.params.num_frames,
        may_rest=snakemake.params.may_rest,
    )
