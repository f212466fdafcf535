"""The whole workflow through profiles/slurm on a real SLURM, while jobs are cancelled, preempted and too large.

Every submission and every look at their states takes seconds: one run serves all tests here. It starts in the checkout
and leaves everything in another folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from conftest import ONE_STAGE, Project, clean_environment

pytestmark = pytest.mark.slow

SECTIONS = {
    "scenes": {
        "train_sequences": 1,
        "val_sequences": 1,
        "test_sequences": 1,
        "train_frames": 14,
        "val_frames": 7,
        "test_frames": 7,
    },
    "cameras": [{"name": "standard", "optics": "standard"}],
    "cascades": ONE_STAGE,
    # Two trainings, for which the pretend GPUs are asked.
    "systems": [{"name": "standard", "camera": "standard", "cascade": "compact", "seeds": 2}],
    # No state is saved in so few seconds but by SIGTERM.
    "training": {
        "defaults": {"steps": 600, "batch_size": 2, "crop": 64},
        "validate_every": 50,
        "gpus": 1,
        "device": "cpu",
        "save_seconds": 3600,
    },
    "sweep": [],
    "cluster": {"cpu_partition": "cpu", "gpu_partition": "gpu", "gpu_model": "h200"},
}
PREEMPTED = "results/logs/train_stage/standard/all/final.log"


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def its_own_commands() -> Iterator[None]:
    """Without the stand-in of tests/no_cluster."""
    folders = os.environ["PATH"].split(os.pathsep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join(folder for folder in folders if Path(folder).name != "no_cluster"))
        yield


@pytest.fixture(scope="module")
def slurm(shared, its_own_commands) -> Iterator[None]:
    """One node with accounting and two pretend GPUs; stopped at the end unless it was there before."""
    tool = shared / "tools" / "slurm.sh"
    if not tool.is_file() or os.geteuid() != 0:
        pytest.skip(f"a SLURM to test on is started by {tool}, as root")
    running = shutil.which("sinfo") and subprocess.run(["sinfo"], capture_output=True, timeout=60).returncode == 0
    if not running:
        # Daemons keep what they inherit open: a pipe would never end.
        started = subprocess.run([tool, "start"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
        assert started.returncode == 0, f"{tool} start failed"
    settings = Path(re.search(r"SLURM_CONF += (\S+)", ask("scontrol", "show", "config"))[1])
    before = settings.read_text()
    # As some sites have it: jobs that fail are started again with what they had asked for.
    settings.write_text(f"{before}\nRequeueExit=1-255\n")
    ask("scontrol", "reconfigure")
    yield
    settings.write_text(before)
    ask("scontrol", "reconfigure")
    if not running:
        subprocess.run([tool, "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)


def list_files(folder: Path) -> set[str]:
    """All but the compiled modules that Python puts there where it may."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


@dataclass
class Run:
    """A run of Snakemake, and what was seen and done meanwhile."""

    project: Project
    folder: Path  # of results
    cancelled: str | None = None  # SLURM's number of the job
    requeued: str | None = None
    gpus: list[dict[str, str]] = field(default_factory=list)  # at one moment: training -> CUDA_VISIBLE_DEVICES
    asked: dict[str, str] = field(default_factory=dict)  # training -> what it asked for and was given

    @property
    def log(self) -> str:
        return (self.folder / "snakemake.log").read_text()

    @property
    def submitted(self) -> dict[str, str]:
        """SLURM's number -> rule and wildcards, in the order of submission."""
        found = re.findall(r"SLURM jobid (\d+) \(log: .*?/slurm_logs/(.*?)/\d+\.log\)", self.log)
        return dict(found)

    def numbers(self, pattern: str) -> list[str]:
        return [number for number, name in self.submitted.items() if re.search(pattern, name)]

    def states(self, number: str, *columns: str) -> list[list[str]]:
        """Rows of the accounting of one job, an earlier start of a requeued one first."""
        text = ask("sacct", "--duplicates", "-X", "-n", "-P", "-j", number, "-o", ",".join(columns))
        return [line.split("|") for line in text.splitlines()]


def look_at_trainings(run: Run) -> None:
    seen = {}
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            if (
                any(part.endswith(".train_stage.py") for part in (process.info["cmdline"] or [])[1:2])
                and str(run.folder) in process.cwd()
            ):
                environment = process.environ()
                seen[environment["SLURM_JOB_ID"]] = environment.get("CUDA_VISIBLE_DEVICES", "none")
    run.gpus.append(seen)
    for number in seen.keys() - run.asked.keys():
        run.asked[number] = ask("scontrol", "show", "job", "-d", number)


def disturb(run: Run) -> None:
    """Cancel the first job that scores the pictures as they are; preempt the first training once it is under way."""
    states = dict(line.split() for line in ask("squeue", "-h", "-o", "%i %T").splitlines())
    look_at_trainings(run)
    for number in run.numbers("rule_evaluate_input"):
        if run.cancelled is None and states.get(number) == "RUNNING":
            ask("scancel", number)
            run.cancelled = number
    log = run.folder / PREEMPTED
    if run.requeued is None and log.exists() and "step 50" in log.read_text():
        (run.requeued,) = run.numbers(r"rule_train_stage/standard_all")
        ask("scontrol", "requeue", run.requeued)


@pytest.fixture(scope="module")
def run(slurm, copy_tiny, tmp_path_factory) -> Run:
    project = copy_tiny(tmp_path_factory.mktemp("slurm") / "project", **SECTIONS)
    # A job that needs more than was foreseen, for longer than SLURM's five seconds between two looks.
    project.edit("workflow/rules/data.smk", lambda text: re.sub(
        r"(rule measure_motion:.*?)needs\(\)", r"\1needs(Demand(600, 10))", text, flags=re.DOTALL
    ))  # fmt: skip
    project.edit(
        "workflow/scripts/measure_motion.py",
        lambda text: text + "\nimport time\n\nballast = b'x' * 700_000_000\ntime.sleep(11)\n",
    )
    run = Run(project, project.folder.parent / "elsewhere")
    run.folder.mkdir()
    before = list_files(project.folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(PATH=path, OMP_NUM_THREADS="1")
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--workflow-profile",
        "profiles/slurm",
        "--directory",
        str(run.folder),
    ]
    command += ["--slurm-init-seconds-before-status-checks", "3", "--slurm-keep-successful-logs"]
    with (run.folder / "snakemake.log").open("w") as log:
        process = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + 1800
            while process.poll() is None and time.monotonic() < until:
                disturb(run)
                time.sleep(0.5)
        finally:
            if process.poll() is None:
                for number in run.submitted:
                    subprocess.run(["scancel", number], check=False)
                process.kill()
                process.wait()
    assert process.returncode == 0, run.log[-5000:]
    assert list_files(project.folder) == before, "a run with --directory writes into the checkout"
    return run


def test_workflow_completes_through_sbatch(run):
    assert (run.folder / "results/report/index.html").exists()
    assert run.project.plan("--directory", str(run.folder)) == {}
    rules = " ".join(run.submitted.values())
    for rule in ("make_scenes", "simulate_camera", "train_stage", "evaluate", "gather_evaluation", "measure_cost"):
        assert f"rule_{rule}" in rules
    for number in run.submitted:
        assert run.states(number, "State")[-1] != [], number
    # Everything of all sequences is one submission, and so is all that follows the evaluation.
    assert len(run.numbers("render_blur")) == 1 and len(run.numbers("write_report")) == 1
    assert len(run.submitted) <= 20


def test_trainings_ask_for_a_gpu_and_never_share_one(run):
    trainings = run.numbers("rule_train_stage")
    assert len(trainings) == 2
    for number in trainings:
        partition, asked = run.states(number, "Partition", "ReqTRES")[-1]
        assert partition == "gpu" and "gres/gpu=1" in asked
        assert re.search(r"GRES=gpu:h200:1\(IDX:[01]\)", run.asked[number]), run.asked[number]
        assert "Requeue=1" in run.asked[number]
    at_once = [seen for seen in run.gpus if len(seen) == 2]
    assert at_once, "the trainings never ran at the same time"
    assert all(sorted(seen.values()) == ["0", "1"] for seen in at_once)
    others = [number for number in run.submitted if number not in trainings]
    assert all("gpu" not in "".join(run.states(number, "Partition", "ReqTRES")[-1]) for number in others)


def test_cancelled_job_is_submitted_again(run):
    first, second = run.numbers("rule_evaluate_input")
    assert first == run.cancelled
    assert run.states(first, "State")[-1][0].startswith("CANCELLED")
    assert run.states(second, "State") == [["COMPLETED"]]


def test_job_over_its_memory_comes_back_with_more(run):
    """SLURM has started it again with as little as before; that start hands it back to Snakemake."""
    first, second = run.numbers("rule_measure_motion")
    (failed, memory), (given_up, _) = run.states(first, "State", "ReqMem")
    (state_again, memory_again) = run.states(second, "State", "ReqMem")[-1]
    assert failed == "REQUEUED" and given_up.startswith("CANCELLED") and memory.startswith("600M")
    assert state_again == "COMPLETED" and memory_again.startswith("1200M")
    log = log_of(run, "measure_motion", first)
    assert "exit code 1:0" in log and "submits it with more" in log


def test_preempted_training_goes_on_from_its_saved_state(run):
    states = [state for (state,) in run.states(run.requeued, "State")]
    assert states == ["REQUEUED", "COMPLETED"]
    found = re.search(r"resumes from step (\d+)", (run.folder / PREEMPTED).read_text())
    assert found and 50 <= int(found[1]) < 600


def test_runs_name_the_job_that_made_them(run):
    """Jobs on a cluster write journals alone; the store is filled when the workflow ends."""
    with sqlite3.connect(run.folder / "results/mlflow/mlflow.db") as connection:
        rows = connection.execute(
            "select name, value from runs join tags using (run_uuid) where key = 'slurm.job_id' and status = 'FINISHED'"
        ).fetchall()
    jobs = dict(rows)
    assert {jobs.pop(name) for name in list(jobs) if "/all/" in name} == set(run.numbers("rule_train_stage"))
    assert set(jobs.values()) <= set(run.submitted) and "standard/evaluation" in jobs


def log_of(run: Run, rule: str, number: str) -> str:
    (path,) = (run.folder / ".snakemake/slurm_logs").glob(f"rule_{rule}/**/{number}.log")
    return path.read_text()
