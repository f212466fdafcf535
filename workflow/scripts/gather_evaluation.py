import _src

_src.start(snakemake)

from unsmear.evaluation.gather import gather_evaluation

gather_evaluation(
    system=snakemake.wildcards.evaluated,
    sequences=list(snakemake.input.tables),
    output=snakemake.output.table,
    baselines=snakemake.output.baselines,
    tracking=_src.describe_tracking(snakemake),
    camera_json=snakemake.input.camera,
    **{name: list(snakemake.input.get(name, [])) for name in ("frames", "blur", "weights")},
)
