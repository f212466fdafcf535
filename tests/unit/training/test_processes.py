"""Several processes, started by torchrun on CPUs over gloo, train as one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from unsmear.files import read_rows

LONG = {"steps": 20, "accumulate": 1}
EXACT = {"precision": "float64", "device": "cpu"}


def largest_difference(a, b):
    left, right = load_file(a.weights), load_file(b.weights)
    return max(float((left[name] - right[name]).abs().max()) for name in left)


@pytest.fixture
def alone(job):
    alone = replace(job, run="standard/center/alone", hparams=LONG, config=EXACT)
    alone.train()
    return alone


def test_two_processes_with_half_the_batch_each_train_as_one(alone):
    two = replace(alone, run="standard/center/two", config={**EXACT, "gpus": 2})
    two.train()
    assert {tensor.dtype for tensor in load_file(two.weights).values()} == {torch.float64}
    assert largest_difference(alone, two) <= 1e-9
    wanted, found = (
        [float(row["psnr"]) for row in read_rows(job.folder / "metrics.csv") if row["split"] == "val"]
        for job in (alone, two)
    )
    assert found == pytest.approx(wanted, abs=1e-6)
    assert two.record["status"] == "finished"


def ranks_of(process):
    """The training processes that torchrun has started below ``process``."""
    found = psutil.Process(process.pid).children(recursive=True)
    return [p for p in found if "unsmear.training" in p.cmdline() and "torch.distributed.run" not in p.cmdline()]


@pytest.mark.slow
def test_stopped_processes_go_on_and_a_lost_one_ends_the_job(alone):
    two = replace(alone, run="standard/center/two", config={**EXACT, "gpus": 2, "save_steps": 1})
    codes = {"terminate": 143, "lose": 1, "kill": -9}
    for how, code in codes.items():
        process = two.begin()
        until = time.monotonic() + 240
        seen = (two.folder / "state.pt").stat().st_mtime_ns if (two.folder / "state.pt").exists() else 0
        while not (two.folder / "state.pt").exists() or (two.folder / "state.pt").stat().st_mtime_ns == seen:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        ranks = ranks_of(process)
        assert len(ranks) == 2
        {"terminate": process.terminate, "lose": ranks[1].kill, "kill": process.kill}[how]()
        said = process.communicate(timeout=120)[1]
        assert process.returncode == code, said
        if how != "kill":
            assert ("is told to stop" if how == "terminate" else "the training in 2 processes ended with code") in said
        # None trains on behind the back of the next attempt.
        assert not psutil.wait_procs(ranks, timeout=60)[1]
        assert not two.weights.exists()
    two.train()
    assert largest_difference(alone, two) <= 1e-9


PATCHED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import torch, training_job
from unsmear.training.objective import Objective
from unsmear.training.train import train_here

rank, calls, true_terms = int(os.environ["RANK"]), [], Objective.terms

def terms(self, prediction):
    calls.append(1)
    if rank == 1 and len(calls) == 3:
        raise torch.OutOfMemoryError("CUDA out of memory")
    return true_terms(self, prediction)

Objective.terms = terms
train_here(training_job.Job.read(sys.argv[2]).described(), rank)
"""


def test_lack_of_memory_in_one_process_ends_a_trial_in_all(job, tmp_path):
    trial = replace(job, run="standard/center/trials/r1-t1", is_trial=True, config={"device": "cpu"})
    script = tmp_path / "patched.py"
    script.write_text(PATCHED)
    text = json.dumps({**trial.__dict__, "root": str(trial.root)})
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d"]
    command += ["--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1", script, Path(__file__).parent, text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert trial.record["status"] == "failed" and "out of memory on cpu: batch_size 4" in trial.record["reason"]
    assert trial.weights.exists()
