import os
import sys
from pathlib import Path

ROOT = Path(str(workflow.current_basedir)).parents[1]
# Snakemake reads a deployed workflow from its repository: the installed package serves, and scripts find _src.py.
DEPLOYED = not workflow.current_basedir.is_local
if DEPLOYED:
    workflow.source_path("../scripts/_src.py")
else:
    sys.path.insert(0, str(ROOT / "src"))

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from unsmear.cluster.requeue import refuse_repeated_failure
from unsmear.code_digest import code_digest
from unsmear.config import load_config
from unsmear.plan import paths
from unsmear.plan.checks import check_all, find_former_files
from unsmear.plan.compared import CAMERA_FIGURES, ReportPlan
from unsmear.plan.evaluation import EvaluationPlan
from unsmear.plan.installation import (
    check_deployment,
    check_storage,
    constrain_pip,
)
from unsmear.plan.jobs import Plan
from unsmear.plan.paths import fill
from unsmear.plan.sequences import plan_records
from unsmear.plan.terminal import ShortLists

# Here, since what a job starts in its turn no longer knows that SLURM has started it again.
if workflow.remote_exec:
    refuse_repeated_failure()

DEPLOYMENT = {method.name for method in workflow.deployment_settings.deployment_method}
if "CONDA" in DEPLOYMENT and not DEPLOYED:
    constrain_pip(ROOT / "requirements.lock")

try:
    CONFIG = load_config(config)
    check_deployment(DEPLOYMENT, sys.executable, CONFIG.container, DEPLOYED)
    check_storage(
        workflow.storage_settings.default_storage_provider,
        workflow.storage_settings.default_storage_prefix,
    )
    PLAN = Plan(CONFIG, plan_records(CONFIG, warn=logger.warning))
    check_all(CONFIG, PLAN.records)
except ValueError as error:
    raise WorkflowError(str(error)) from None

# Where results lie on this machine: of those in a bucket, Snakemake keeps local copies.
RESULTS = str(workflow.modifier.path_modifier.modify(paths.RESULTS))
EVALUATION = EvaluationPlan(PLAN)
REPORT = ReportPlan(PLAN)
logger.addFilter(ShortLists())


wildcard_constraints:
    split="train|val|test",
    sequence=r"[\w-]+",
    archive=r"[\w-]+",
    part=r"[\w-]+",
    camera="|".join(camera.name for camera in CONFIG.cameras),
    system="|".join(PLAN.evaluated),
    stage="|".join(PLAN.stages),
    run=r"final|trials/r\d+-t\d+",
    round=r"\d+",
    trial=r"\d+",


def section(model, **options):
    """Part of the configuration as plain values, so that a rule depends on what it uses alone."""
    return model.model_dump(mode="json", **options)


def no_trigger(value):
    """A value for params whose change reruns nothing: Snakemake takes it as derived from the input."""
    return lambda wildcards, input: value


def of(function, **known):
    """An input function, or one for params: what ``function`` gives for a job's wildcards."""
    return lambda wildcards: function(**{**dict(wildcards.items()), **known})


def in_place(files):
    """A job's input, of which only what the workflow makes may lie in a bucket; the rest is read where people keep it."""
    if callable(files):
        return lambda wildcards: in_place(files(wildcards))
    if isinstance(files, dict):
        return {name: in_place(value) for name, value in files.items()}
    if isinstance(files, str):
        return files if files.startswith(f"{paths.RESULTS}/") else local(files)
    return [in_place(file) for file in files]


# What every recorded run shares; where records go does not change a result.
TRACKING = {
    "enabled": CONFIG.tracking.enabled,
    "experiment": CONFIG.tracking.experiment or CONFIG.name,
    "system_metrics_interval_s": (
        CONFIG.tracking.system_metrics_interval_s
        if CONFIG.tracking.system_metrics
        else None
    ),
}


def kept_or_temp(path):
    """Archives stay unless the configuration says that their frames are enough."""
    return path if CONFIG.data.keep_archives else temp(path)


def tell_former_results():
    """Say so where an earlier version has left results."""
    if found := find_former_files(RESULTS):
        logger.warning(found)


def check_space():
    """Say what the run will put on the disk, and stop if that does not fit."""
    from unsmear.frames.forecast import check_disk, forecast_disk

    shape = (
        (CONFIG.scenes.height, CONFIG.scenes.width)
        if CONFIG.data.source == "scenes"
        else None
    )
    # As the profile allows. A submission extracts sequences of several archives, and waits for all of them.
    downloads = (
        len(PLAN.records) if workflow.non_local_exec else min(2, workflow.cores or 2)
    )
    forecast = forecast_disk(
        PLAN.records, CONFIG.data, RESULTS, len(CONFIG.cameras), downloads, shape
    )
    logger.info(f"Data: {forecast.text()}.")
    tell_time()
    try:
        check_disk(forecast, RESULTS)
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def tell_time():
    """Say how long the run will take, where the same rules have run before."""
    from unsmear.plan.forecast import PlannedJob, forecast_time

    jobs = [
        PlannedJob(job.rule.name, job.benchmark and str(job.benchmark), job.threads)
        for job in workflow.dag.needrun_jobs()
    ]
    cores = None if workflow.non_local_exec else workflow.cores
    if time := forecast_time(jobs, f"{RESULTS}/benchmarks", cores):
        logger.info(f"Time: {time}.")


def show_results():
    """Print the table and the files to open; `make demo`, which prints them itself, says no."""
    from unsmear.results import describe_results

    wanted = os.environ.get("UNSMEAR_SHOW_RESULTS", "1") != "0"
    if wanted and Path(RESULTS, "report/table.csv").exists():
        print(describe_results(RESULTS))


def check_tracking():
    """Stop before anything runs if the store's address cannot be understood."""
    try:
        if CONFIG.tracking.enabled:
            CONFIG.tracking.resolve(Path(RESULTS))
    except ValueError as error:
        raise WorkflowError(str(error)) from None
