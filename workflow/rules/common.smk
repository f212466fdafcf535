import os
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from unsmear.cascade.spec import find_predecessors
from unsmear.cluster.requeue import refuse_repeated_failure
from unsmear.code_digest import code_digest
from unsmear.config import load_config
from unsmear.fetch import is_url
from unsmear.plan.checks import check_regions, check_robustness, check_training_files
from unsmear.plan.sequences import plan_records, split_into_parts
from unsmear.sweep.config import InheritConfig, SweepConfig, trial_name

# Here, since what a job starts in its turn no longer knows that SLURM has started it again.
if workflow.remote_exec:
    refuse_repeated_failure()

try:
    CONFIG = load_config(config)
    RECORDS = plan_records(CONFIG, warn=logger.warning)
    check_regions(CONFIG, RECORDS)
    check_robustness(CONFIG)
    check_training_files(CONFIG)
except ValueError as error:
    raise WorkflowError(str(error)) from None

SEQUENCES = {
    split: [record.sequence for record in RECORDS if record.split == split]
    for split in ("train", "val", "test")
}
RECORD_OF = {(record.split, record.sequence): record for record in RECORDS}
CAMERAS = [camera.name for camera in CONFIG.cameras]
SYSTEMS = [name for system in CONFIG.systems for name in system.repeats]
EVALUATED = [*(["pretrained"] if CONFIG.pretrained else []), *SYSTEMS]
STAGES = sorted({stage.name for cascade in CONFIG.cascades for stage in cascade.stages})
INPUTS = list(
    dict.fromkeys(
        f"input_{CONFIG.system(name).camera}" for name in [*SYSTEMS, *EVALUATED]
    )
)


wildcard_constraints:
    split="train|val|test",
    sequence=r"[\w-]+",
    archive=r"[\w-]+",
    part=r"[\w-]+",
    camera="|".join(CAMERAS),
    system="|".join(EVALUATED),
    stage="|".join(STAGES),
    run=r"final|trials/r\d+-t\d+",
    round=r"\d+",
    trial=r"\d+",


def section(model, **options):
    """Part of the configuration as plain values, so that a rule depends on what it uses alone."""
    return model.model_dump(mode="json", **options)


def no_trigger(value):
    """A value for params whose change reruns nothing: Snakemake takes it as derived from the input."""
    return lambda wildcards, input: value


def stage_spec(wildcards):
    return section(CONFIG.stage(wildcards.system, wildcards.stage))


def default_hparams(wildcards):
    return section(CONFIG.hparams(wildcards.system, wildcards.stage))


def camera_of(system):
    return CONFIG.system(system).camera


def camera_files(camera):
    return {
        "psfs": f"results/cameras/{camera}/psfs.npy",
        "camera": f"results/cameras/{camera}/camera.json",
    }


def final_weights(system):
    return [
        f"results/models/{system}/{stage.name}/final/weights.safetensors"
        for stage in CONFIG.stages(system)
    ]


# What every recorded run shares; where records go does not change a result.
TRACKING = {
    "config": CONFIG.tracking.model_dump(mode="json"),
    "root": "results",
    "experiment": CONFIG.name,
}


def kept_or_temp(path):
    """Archives stay unless the configuration says that their frames are enough."""
    return path if CONFIG.data.keep_archives else temp(path)


def check_space():
    """Say what the run will put on the disk, and stop if that does not fit."""
    from unsmear.frames.forecast import check_disk, forecast_disk

    shape = (
        (CONFIG.scenes.height, CONFIG.scenes.width)
        if CONFIG.data.source == "scenes"
        else None
    )
    downloads = min(2, workflow.cores or 2)  # as the profile allows
    if workflow.non_local_exec:
        # A submission extracts sequences of several archives, and waits for all of them.
        downloads = len(RECORDS)
    forecast = forecast_disk(
        RECORDS, CONFIG.data, "results", len(CAMERAS), downloads, shape
    )
    logger.info(f"Data: {forecast.text()}.")
    try:
        check_disk(forecast, "results")
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def show_results():
    """Print the table and the files to open; `make demo`, which prints them itself, says no."""
    from unsmear.results import describe_results

    wanted = os.environ.get("UNSMEAR_SHOW_RESULTS", "1") != "0"
    if wanted and Path("results/report/table.csv").exists():
        print(describe_results("results"))


def check_tracking():
    """Stop before anything runs if the store's address cannot be understood."""
    from unsmear.tracking.destination import resolve_destination

    try:
        if CONFIG.tracking.enabled:
            resolve_destination(CONFIG.tracking, Path("results"))
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def send_waiting_records():
    """Have one process send what jobs of a cluster have left in their journals."""
    from unsmear.tracking.waiting import send_waiting

    send_waiting(CONFIG.tracking, "results")
