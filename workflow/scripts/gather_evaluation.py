import _src

_src.start(snakemake)

from unsmear.evaluation.gather import gather_evaluation

gather_evaluation(
    system=snakemake.wildcards.evaluated,
    sequences=list(snakemake.input),
    output=snakemake.output.table,
    tracking=snakemake.params.tracking,
)
