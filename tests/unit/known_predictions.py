"""Stores on disk whose predictions, and so their scores, are known by hand."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from unsmear.evaluation.baselines import FittedBaselines
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.evaluate import evaluate_sequences
from unsmear.evaluation.evaluate_input import evaluate_input
from unsmear.evaluation.rows import gather_sequences
from unsmear.files import read_rows
from unsmear.optics.response import Response

ENERGY = np.array([0.8, 0.9, 1.0])
SEQUENCES = [f"{number:03d}" for number in range(7)]


class TintingCamera:
    """Mean over frames, tinted: a camera whose picture is known by hand."""

    energy = ENERGY
    num_frames = 7
    response = Response()
    time_symmetric = False
    weights = np.full(7, 1 / 7)
    psfs = np.broadcast_to(ENERGY, (7, 1, 1, 3))

    @classmethod
    def load(cls, psfs_path: Path, camera_path: Path) -> TintingCamera:
        return cls()

    def render(self, frames: np.ndarray, seed: int) -> np.ndarray:
        return np.rint(frames.mean(axis=0) * ENERGY).astype(np.uint8)


class KnownPredictor:
    """Stands in for a cascade: the truth of the picture that it is shown, spoilt in a known way."""

    num_frames = 7
    middle = 4
    device = "cpu"
    truths: dict[bytes, np.ndarray] = {}  # noqa: RUF012
    spoil = staticmethod(lambda frames: frames)
    spoil_given_middle = staticmethod(lambda frames: frames)

    def __init__(self, weights: list[Path], config: EvaluationConfig | None = None) -> None: ...

    def __call__(self, blurry: np.ndarray, middle: np.ndarray | None = None) -> torch.Tensor:
        frames = [self.spoil(self.truths[picture.tobytes()]) for picture in blurry]
        if middle is not None:
            for picture, known in zip(blurry, middle, strict=True):
                np.testing.assert_array_equal(known, self.truths[picture.tobytes()][3])
            frames = [self.spoil_given_middle(self.truths[picture.tobytes()]) for picture in blurry]
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.stack(frames), -1, -3)))


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Frame and blur stores of seven test sequences, two groups each; the last sequence stands still."""
    camera = TintingCamera()
    rng = np.random.default_rng(0)
    KnownPredictor.truths = {}
    for sequence in SEQUENCES:
        picture = rng.integers(30, 220, (20, 60, 3), dtype=np.uint8)
        step = 0 if sequence == SEQUENCES[-1] else 2
        frames = np.stack([picture[:, step * k : step * k + 24] for k in range(15)])
        groups = [frames[:7], frames[7:14]]
        blur = np.stack([camera.render(group, 0) for group in groups])
        KnownPredictor.truths |= {b.tobytes(): g for b, g in zip(blur, groups, strict=True)}
        for name, store in ((f"frames/test/{sequence}.npy", frames), (f"blur/test/{sequence}.npy", blur)):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / name, store)
    module = types.ModuleType("unsmear.optics.camera")
    module.Camera = TintingCamera
    monkeypatch.setitem(sys.modules, "unsmear.optics.camera", module)
    monkeypatch.setattr("unsmear.evaluation.predict.Predictor", KnownPredictor)
    monkeypatch.setattr(KnownPredictor, "spoil", staticmethod(lambda frames: frames))
    for name in ("weights", "psfs.npy", "camera.json"):
        (tmp_path / name).write_text(name)
    return {"root": tmp_path}


def records(chain: dict[str, Path], sequences: list[str] = SEQUENCES) -> list[dict[str, object]]:
    root = chain["root"]
    return [
        {
            "split": "test",
            "sequence": sequence,
            "frames": root / f"frames/test/{sequence}.npy",
            "blur": root / f"blur/test/{sequence}.npy",
        }
        for sequence in sequences
    ]


def per_frame(
    chain: dict[str, Path],
    system: str,
    spoil=None,
    sequences: list[str] = SEQUENCES,
    fitted: FittedBaselines | None = None,
) -> Path:
    """Evaluate and gather one system; ``spoil`` None is the input. With ``fitted``, ``baselines.csv`` lies beside."""
    evaluated, root = records(chain, sequences), chain["root"]
    folder = root / f"evaluation/{system}"
    camera, part = (root / "psfs.npy", root / "camera.json"), folder / "parts/000.csv"
    output, baselines = folder / "per_frame.csv", None
    if fitted is not None:
        baselines = folder / "baselines.json"
        fitted.save(baselines)
    if spoil is None:
        evaluate_input(system, evaluated, *camera, part, baselines=baselines)
    else:
        KnownPredictor.spoil = staticmethod(spoil)
        evaluate_sequences(system, [root / "weights"], evaluated, *camera, part, baselines=baselines)
    gather_sequences([part], output, baselines and baselines.with_suffix(".csv"))
    return output


def noise(sigma: float, seed: int = 0):
    def spoil(frames: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng([seed, int(frames.sum())])
        return np.clip(np.rint(frames + rng.normal(0, sigma, frames.shape)), 0, 255).astype(np.uint8)

    return spoil


def column(path: Path, name: str) -> list[str]:
    return [row[name] for row in read_rows(path)]
