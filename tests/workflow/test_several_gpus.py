"""GPUs that a training is given on the command line are as many processes; without GPUs they share the CPU."""

from __future__ import annotations

import pytest

TARGET = "results/models/standard/f35/final/weights.safetensors"
GPUS = ["--resources", "gpu=4", "--set-resources", "train_stage:gpu=4", "--forcerun", TARGET, "--", TARGET]


@pytest.mark.slow
def test_four_gpus_are_four_processes(finished):
    training = {"defaults": {"steps": 2, "batch_size": 2, "crop": 64}, "validate_every": 2, "device": "cpu"}
    finished.configure(training=training, sweep=[])
    assert "batch_size 2 cannot be cut into 4 processes" in finished.run(*GPUS, check=False)
    training["defaults"]["batch_size"] = 4
    finished.configure(training=training)
    finished.run(*GPUS)
    assert (finished.folder / TARGET).exists()
