"""The training job of the workflow, killed and stopped at random moments, ends with the same bits."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import psutil
import pytest
from safetensors.numpy import load_file

from conftest import clean_environment

TARGET = "results/models/standard/center/final/weights.safetensors"
TRAINING = {
    "defaults": {"steps": 400, "batch_size": 2, "crop": 64},
    "validate_every": 100,
    "num_workers": 1,
    "save_steps": 10,
}


def start(project):
    """Snakemake in a process group of its own, as a terminal starts it."""
    environment = clean_environment(OMP_NUM_THREADS="1")
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", TARGET],
        cwd=project.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def time_of_state(folder):
    """When the last state was saved, ns; between two renames of a save there is only the one before it."""
    times = [0]
    for path in folder.glob("state*.pt"):
        with contextlib.suppress(FileNotFoundError):
            times.append(path.stat().st_mtime_ns)
    return max(times)


def wait_for_job(process, folder, at_least):
    """The process of train_stage, once its state is newer than ``at_least``."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        assert process.poll() is None, process.stdout.read()
        if time_of_state(folder) > at_least:
            children = psutil.Process(process.pid).children(recursive=True)
            found = [p for p in children if any(a.endswith(".train_stage.py") for a in p.cmdline()[1:2])]
            if found:
                return found[0]
        time.sleep(0.02)
    raise AssertionError("no state was saved in time")


@pytest.mark.slow
def test_killed_stopped_and_unlocked_jobs_go_on_to_the_same_bits(fresh):
    fresh.configure(training=TRAINING, sweep=[])
    folder = fresh.folder / "results/models/standard/center/final"
    chance = random.Random(0)
    seen = 0
    # Three kills of the job, then Ctrl-C in the terminal, SIGTERM for the job, and a kill of Snakemake itself.
    for how in ("kill", "kill", "kill", "interrupt", "terminate", "kill snakemake"):
        process = start(fresh)
        job = wait_for_job(process, folder, seen)
        time.sleep(chance.uniform(0, 0.5))
        if how == "kill":
            job.kill()
        elif how == "interrupt":
            os.killpg(process.pid, signal.SIGINT)
        elif how == "terminate":
            job.terminate()
        else:
            process.kill()
            job.kill()
        said = process.communicate(timeout=120)[0]
        assert process.returncode != 0, f"{how}: ended well:\n{said}"
        assert not (fresh.folder / TARGET).exists(), how
        if how in ("interrupt", "terminate"):
            log = fresh.folder / "results/logs/train_stage/standard/center/final.log"
            assert "its state is saved" in log.read_text(), said
        seen = time_of_state(folder)
    assert "--unlock" in fresh.run(TARGET, check=False)
    fresh.run("--unlock", TARGET)
    fresh.run(TARGET)
    log = (fresh.folder / "results/logs/train_stage/standard/center/final.log").read_text()
    assert "resumes from step" in log
    assert not list(folder.glob("*.pt"))
    interrupted = load_file(fresh.folder / TARGET)
    # All of that was one run, in which no step stands twice.
    with sqlite3.connect(fresh.folder / "results/mlflow/mlflow.db") as store:
        assert store.execute("select name, status from runs").fetchall() == [("standard/center/final", "FINISHED")]
        steps = store.execute("select step from metrics where key = 'val.psnr' order by step").fetchall()
    assert steps == [(100,), (200,), (300,), (400,)]

    fresh.configure(training={**TRAINING, "num_workers": 0})
    fresh.run("--forcerun", TARGET, "--", TARGET)
    whole = load_file(fresh.folder / TARGET)
    assert all((interrupted[name] == whole[name]).all() for name in whole)
