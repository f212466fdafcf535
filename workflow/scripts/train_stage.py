import _src

_src.start(snakemake)

from unsmear.cascade.spec import StageSpec
from unsmear.training.config import TrainingConfig
from unsmear.training.settings import find_start
from unsmear.training.train import train_stage

NAMES = ("psfs", "hparams", "frames", "blur", "motion", "init", "trunk", "perceptual")
files = {name: snakemake.input.get(name, []) for name in NAMES}
train_stage(
    spec=StageSpec.model_validate(snakemake.params.spec),
    config=TrainingConfig.model_validate({**snakemake.params.training, "gpus": snakemake.resources.get("gpu", 0)}),
    seed=snakemake.params.seed,
    system=snakemake.wildcards.system,
    run=f"{snakemake.wildcards.system}/{snakemake.wildcards.stage}/{snakemake.wildcards.run}",
    camera=snakemake.params.camera,
    camera_json=snakemake.input.camera,
    predecessors=snakemake.input.get("predecessors", []),
    start=find_start(snakemake.input.hparams, snakemake.input.get("states", [])),
    outputs=dict(snakemake.output.items()),
    tracking=_src.describe_tracking(snakemake),
    imagenet_norm=snakemake.params.imagenet_norm,
    threads=snakemake.threads,
    code=snakemake.params.code,
    **files,
)
