import _src

_src.start(snakemake)

from unsmear.training.hparams_file import find_start
from unsmear.training.job import TrainingJob
from unsmear.training.train import train_stage

FILES = ("psfs", "hparams", "predecessors", "init", "trunk", "perceptual")
VALUES = ("spec", "seed", "sweep", "camera_name", "sequences", "imagenet_norm", "code")
start = find_start(snakemake.input.hparams, snakemake.input.get("states", []))
job = TrainingJob(
    config={**snakemake.params.training, "gpus": snakemake.resources.get("gpu", 0)},
    system=snakemake.wildcards.system,
    run=f"{snakemake.wildcards.system}/{snakemake.wildcards.stage}/{snakemake.wildcards.run}",
    camera_path=snakemake.input.camera,
    start=str(start) if start else None,
    outputs=dict(snakemake.output.items()),
    tracking=_src.describe_tracking(snakemake),
    threads=snakemake.threads,
    **{name: snakemake.params[name] for name in VALUES},
    **{name: snakemake.input[name] for name in FILES if snakemake.input.get(name)},
)
train_stage(job)
