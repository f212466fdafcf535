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
from unsmear.plan.checks import check_all
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
TRACKING = PLAN.recording
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
    return paths.apply(
        lambda file: file if paths.is_result(file) else local(file), files
    )


def kept_or_temp(path):
    """Archives stay unless the configuration says that their frames are enough."""
    return path if CONFIG.data.keep_archives else temp(path)


def begin_run():
    """Say what the run will write and how long it takes; stop one that cannot end well."""
    from unsmear.plan import run
    from unsmear.plan.forecast import PlannedJob

    jobs = [
        PlannedJob(job.rule.name, job.benchmark and str(job.benchmark), job.threads)
        for job in workflow.dag.needrun_jobs()
    ]
    cores = None if workflow.non_local_exec else workflow.cores or 2
    try:
        run.begin_run(PLAN, RESULTS, jobs, cores, logger)
    except ValueError as error:
        raise WorkflowError(str(error)) from None


def show_results():
    """Print the table and the files to open."""
    from unsmear.plan import run

    run.show_results(RESULTS)
