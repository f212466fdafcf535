"""A training that is given two GPUs by the rule's resources: two processes, the same weights up to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

TARGET = "results/models/masked/f35/final/weights.safetensors"


@pytest.mark.slow
def test_two_gpus_train_in_two_processes(finished):
    path, log = finished.folder / TARGET, finished.folder / "results/logs/train_stage/masked/f35/final.log"
    alone = load_file(path)
    assert "2 processes" not in log.read_text()
    spread = ("--resources", "gpu=2", "--set-resources", "train_stage:gpu=2")
    assert finished.plan(TARGET, *spread) == {}, "how many GPUs train is no reason to train again"
    finished.run("--forcerun", TARGET, *spread, "--", TARGET)
    assert "2 processes" in log.read_text()
    together = load_file(path)
    assert alone.keys() == together.keys()
    for name, values in alone.items():
        np.testing.assert_allclose(together[name], values, rtol=0, atol=1e-4, err_msg=name)
