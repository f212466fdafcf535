"""Several processes, started by torchrun on CPUs over gloo, train as one."""

from __future__ import annotations

import time
from dataclasses import replace

import psutil
import pytest
from safetensors.torch import load_file

from unsmear.training.metrics import read_metrics

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
    assert next(iter(load_file(two.weights).values())).dtype.is_floating_point
    assert 0 <= largest_difference(alone, two) <= 1e-9
    wanted, found = (
        [float(row["psnr"]) for row in read_metrics(job.folder / "metrics.csv") if row["split"] == "val"]
        for job in (alone, two)
    )
    assert found == pytest.approx(wanted, abs=1e-6)
    assert two.record["status"] == "finished"


def ranks_of(process):
    """The training processes that torchrun has started below ``process``."""
    found = psutil.Process(process.pid).children(recursive=True)
    return [child for child in found if "unsmear.training.launch" in child.cmdline() and "--local-addr" not in
            " ".join(child.cmdline())]  # fmt: skip


@pytest.mark.slow
def test_stopped_processes_go_on_and_a_lost_one_ends_the_job(alone):
    two = replace(alone, run="standard/center/two", config={**EXACT, "gpus": 2, "save_steps": 1})
    for how in ("terminate", "lose"):
        process = two.begin()
        until = time.monotonic() + 240
        seen = (two.folder / "state.pt").stat().st_mtime_ns if (two.folder / "state.pt").exists() else 0
        while not (two.folder / "state.pt").exists() or (two.folder / "state.pt").stat().st_mtime_ns == seen:
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        if how == "terminate":
            process.terminate()
        else:
            ranks_of(process)[1].kill()
        said = process.communicate(timeout=120)[1]
        assert process.returncode == (143 if how == "terminate" else 1), said
        assert ("is told to stop" if how == "terminate" else "the training in 2 processes ended with code") in said
        assert not two.weights.exists()
    two.train()
    assert largest_difference(alone, two) <= 1e-9
