"""A small cascade whose every part shows in its frames, and a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import JointConfig, MotionConfig

NETWORK = JointConfig(width=4, patch=2, encoder_blocks=(1, 1, 1), middle_blocks=1, decoder_blocks=(1, 1, 1))


def write_weights(folder: Path, others: JointConfig = NETWORK) -> Path:
    """Weights of a cascade for seven frames: the middle one, then the others."""
    specs = (
        StageSpec(name="others", predicts=(1, 2, 3, 5, 6, 7), conditions_on=(4,), network=others, equalise=False),
        StageSpec(name="center", predicts=(4,), network=NETWORK, equalise=False),
    )
    for seed, spec in enumerate(specs):
        torch.manual_seed(seed)
        stage = Stage(spec)
        for name, parameter in stage.network.named_parameters():
            if "scale" in name:
                torch.nn.init.constant_(parameter, 0.3)
        torch.nn.init.normal_(stage.network.head.weight, std=0.02)
        save_stage(folder / f"{spec.name}.safetensors", Checkpoint(stage, 7, hparams={"crop": 128}))
    return folder


def draw_photo() -> np.ndarray:
    """(90, 120, 3): a bright disc before stripes."""
    rows, columns = np.mgrid[:90, :120]
    picture = np.stack([40 + columns, 30 + 2 * rows, 90 + 60 * np.sin(columns / 5)], axis=-1)
    picture[(rows - 30) ** 2 + (columns - 40) ** 2 < 200] = (240, 220, 90)
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """Folder with the weights of a small cascade."""
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def motion_weights(tmp_path_factory) -> Path:
    """Folder with the weights of a small cascade whose last stage predicts motion."""
    return write_weights(tmp_path_factory.mktemp("motion"), MotionConfig(**NETWORK.model_dump(exclude={"kind"})))


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A picture (90, 120, 3)."""
    return draw_photo()
