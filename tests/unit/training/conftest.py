"""Tiny stores of moving pictures to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_job import Job, make_data

from unsmear.training.sequences import SequenceStores
from unsmear.training.stores import SplitStores

SIZE = 48


@pytest.fixture
def stores(tmp_path: Path) -> dict[str, SplitStores]:
    """Splits train and val of smooth random textures that move by two pixels a frame."""
    rng = np.random.default_rng(0)
    sequences = []
    for split, names in (("train", ("000", "001")), ("val", ("002",))):
        for name in names:
            texture = rng.random((SIZE + 4, SIZE + 60, 3))
            for axis in (0, 1):
                texture = (texture + np.roll(texture, 1, axis) + np.roll(texture, 2, axis)) / 3
            frames = np.stack([texture[2 : 2 + SIZE, 2 * i : 2 * i + SIZE] for i in range(14)])
            codes = np.rint(frames * 255).astype(np.uint8)
            blur = np.stack([np.rint(codes[i : i + 7].mean(0)).astype(np.uint8) for i in (0, 7)])
            paths = {kind: tmp_path / kind / split / f"{name}.npy" for kind in ("frames", "blur")}
            for path, array in zip(paths.values(), (codes, blur), strict=True):
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, array)
            stores = {kind: str(path) for kind, path in paths.items()}
            sequences.append(SequenceStores(split=split, sequence=name, **stores))
    return {split: SplitStores.open(split, 7, sequences) for split in ("train", "val")}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A small training on its own data."""
    make_data(tmp_path)
    return Job(tmp_path)
