"""A small cascade of the shipped one's kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import JointConfig, MotionConfig

SIZE = {"width": 4, "patch": 2, "encoder_blocks": (1,), "middle_blocks": 0, "decoder_blocks": (1,), "attention": False}


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory) -> list[Path]:
    """Weights of a center and a motion stage, in the order in which they run."""
    folder = tmp_path_factory.mktemp("small")
    specs = (
        StageSpec(name="center", predicts=(2,), network=JointConfig(**SIZE)),
        StageSpec(name="motion", predicts=(1, 3), conditions_on=(2,), network=MotionConfig(**SIZE)),
    )
    for seed, spec in enumerate(specs):
        torch.manual_seed(seed)
        stage = Stage(spec, energy=(0.9, 0.95, 1.0))
        torch.nn.init.normal_(stage.network.head.weight, std=0.05)
        record = Checkpoint(stage, 3, {"name": "masked"}, {"crop": 64}, {"data": "d1"})
        save_stage(folder / f"{spec.name}.safetensors", record)
    return [folder / f"{spec.name}.safetensors" for spec in specs]
