"""Small frames, PNGs and zips, made without the code under test."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def encode(frame: np.ndarray, mode: str | None = None) -> bytes:
    """PNG of an RGB, gray or RGBA array by Pillow, as an oracle of its own."""
    image = Image.fromarray(frame)
    stream = io.BytesIO()
    (image.convert(mode) if mode else image).save(stream, "png")
    return stream.getvalue()


def random_frames(count: int, height: int = 12, width: int = 20, seed: int = 0) -> np.ndarray:
    """(count, height, width, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


def pack(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip with these members, in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def pack_sequences(path: Path, lengths: dict[str, int], part: str = "train") -> Path:
    """A zip in REDS layout whose sequences have so many frames of noise."""
    members = {}
    for seed, (sequence, length) in enumerate(lengths.items()):
        for number, frame in enumerate(random_frames(length, seed=seed)):
            members[f"{part}/{part}_orig/{sequence}/{number:08d}.png"] = encode(frame)
    return pack(path, members)


@pytest.fixture(name="encode")
def encode_fixture() -> Callable[..., bytes]:
    return encode


@pytest.fixture(name="random_frames")
def random_frames_fixture() -> Callable[..., np.ndarray]:
    return random_frames


@pytest.fixture(name="pack")
def pack_fixture() -> Callable[..., Path]:
    return pack


@pytest.fixture(name="pack_sequences")
def pack_sequences_fixture() -> Callable[..., Path]:
    return pack_sequences
