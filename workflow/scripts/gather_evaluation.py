import _src

_src.start(snakemake)

from unsmear.evaluation.gather import gather_evaluation

gather_evaluation(
    system=snakemake.wildcards.evaluated,
    sequences=list(snakemake.input.tables),
    output=snakemake.output.table,
    baselines=snakemake.output.baselines,
    tracking=_src.describe_tracking(snakemake),
    camera_path=snakemake.input.camera,
    frames=snakemake.input.frames,
    blur=snakemake.input.blur,
    weights=dict(zip(snakemake.params.stages, snakemake.input.get("weights", []), strict=True)),
)
