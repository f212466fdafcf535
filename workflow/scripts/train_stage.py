import _src

_src.start(snakemake)

from unsmear.training.job import TrainingJob
from unsmear.training.settings import find_start
from unsmear.training.train import train_stage

NAMES = ("psfs", "hparams", "predecessors", "init", "trunk", "perceptual")
start = find_start(snakemake.input.hparams, snakemake.input.get("states", []))
job = TrainingJob(
    spec=snakemake.params.spec,
    config={**snakemake.params.training, "gpus": snakemake.resources.get("gpu", 0)},
    seed=snakemake.params.seed,
    system=snakemake.wildcards.system,
    run=f"{snakemake.wildcards.system}/{snakemake.wildcards.stage}/{snakemake.wildcards.run}",
    sweep=snakemake.params.sweep,
    camera_name=snakemake.params.camera_name,
    camera_path=snakemake.input.camera,
    sequences=snakemake.params.sequences,
    start=str(start) if start else None,
    outputs=dict(snakemake.output.items()),
    tracking=_src.describe_tracking(snakemake),
    imagenet_norm=snakemake.params.imagenet_norm,
    threads=snakemake.threads,
    code=snakemake.params.code,
    **{name: snakemake.input[name] for name in NAMES if snakemake.input.get(name)},
)
train_stage(job)
