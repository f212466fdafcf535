"""A finished chain in a temporary folder: stores, cameras and tables, with predictions of known quality."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.evaluate import evaluate_sequences
from unsmear.evaluation.evaluate_input import evaluate_input
from unsmear.evaluation.rows import gather_sequences
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.optics_config import MaskedOptics, StandardOptics
from unsmear.optics.simulate import simulate_camera

EVALUATION = EvaluationConfig(num_resamples=200, upper_bound=False)


def softened(frames: np.ndarray, amount: int) -> np.ndarray:
    """Frames (N, H, W, 3) averaged with neighbours ``amount`` px away: a mediocre reconstruction."""
    shifts = [np.roll(frames, step, axis) for axis in (1, 2) for step in (-amount, amount)]
    return np.rint(np.mean([frames, *shifts], axis=0)).astype(np.uint8)


class KnownPredictor:
    """Stands in for a cascade; the weights' path says how good it is."""

    num_frames = 7
    middle = 4
    device = "cpu"
    truths: dict[bytes, np.ndarray] = {}  # noqa: RUF012

    def __init__(self, weights: list[Path], config: EvaluationConfig | None = None) -> None:
        self.masked = "masked" in str(weights[0])

    def __call__(self, blurry: np.ndarray, middle: np.ndarray | None = None) -> torch.Tensor:
        frames = []
        for picture in blurry:
            truth = self.truths[picture.tobytes()]
            turn = not self.masked and int(truth.sum()) % 2
            predicted = softened(truth[::-1] if turn else truth, 1 if self.masked else 2)
            frames.append(np.moveaxis(predicted, -1, -3))
        return torch.from_numpy(np.ascontiguousarray(np.stack(frames)))


@dataclass(frozen=True)
class Chain:
    """Where the finished chain lies, and the records that a workflow would pass."""

    root: Path
    sequences: tuple[str, ...]
    systems: list[dict[str, Any]]
    cameras: dict[str, dict[str, Path]]

    @property
    def groups(self) -> Path:
        return self.root / "groups.csv"

    @property
    def frames(self) -> Path:
        return self.root / "frames/test"


def random_walk_frames(seed: int, size: int, num_frames: int, picture: np.ndarray | None = None) -> np.ndarray:
    """Frames (T, size, size, 3) cut from one picture along a random walk."""
    rng = np.random.default_rng(seed)
    if picture is None:
        picture = np.kron(rng.integers(20, 236, (size // 2, size // 2, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    steps = rng.normal(0, 0.6, (num_frames, 2)).cumsum(axis=0) + rng.normal(0, 2.2, 2)
    path = np.cumsum(steps, axis=0)
    path = path - path.mean(axis=0) + (np.array(picture.shape[:2]) - size) / 2
    corners = np.clip(np.rint(path), 0, np.array(picture.shape[:2]) - size).astype(int)
    return np.stack([picture[top : top + size, left : left + size] for top, left in corners])


def build_chain(
    root: Path, num_sequences: int, size: int, num_groups: int = 2, pictures: list[np.ndarray] | None = None
) -> Chain:
    """Write stores, cameras, per-frame tables and training metrics of two systems below ``root``."""
    configs = {
        "standard": CameraConfig(name="standard", optics=StandardOptics()),
        "masked": CameraConfig(name="masked", optics=MaskedOptics()),
    }
    cameras: dict[str, dict[str, Path]] = {}
    for name, config in configs.items():
        place = root / "cameras" / name
        place.mkdir(parents=True)
        cameras[name] = {
            "psfs": place / "psfs.npy",
            "camera": place / "camera.json",
            "blur": root / "blur" / name / "test",
        }
        simulate_camera(config, 7, cameras[name]["psfs"], cameras[name]["camera"])
        cameras[name]["blur"].mkdir(parents=True)
    (root / "frames/test").mkdir(parents=True)
    simulated = {name: Camera.load(files["psfs"], files["camera"]) for name, files in cameras.items()}
    lines = ["split,sequence,group,first_frame,num_frames"]
    sequences = tuple(f"{number:03d}" for number in range(num_sequences))
    for number, sequence in enumerate(sequences):
        picture = pictures[number % len(pictures)] if pictures else None
        frames = random_walk_frames(number, size, 7 * num_groups, picture)
        np.save(root / f"frames/test/{sequence}.npy", frames)
        for name, camera in simulated.items():
            groups = frames.reshape(num_groups, 7, *frames.shape[1:])
            blur = np.stack([camera.render(group, 0) for group in groups])
            np.save(cameras[name]["blur"] / f"{sequence}.npy", blur)
            KnownPredictor.truths |= {b.tobytes(): g for b, g in zip(blur, groups, strict=True)}
        lines += [f"test,{sequence},{g + 1},{7 * g + 1},7" for g in range(num_groups)]
    (root / "groups.csv").write_text("\n".join(lines) + "\n")
    systems = [_input_system(root, name, files, sequences) for name, files in cameras.items()]
    systems += [_trained_system(root, name, files, sequences) for name, files in cameras.items()]
    return Chain(root, sequences, systems, cameras)


def _records(root: Path, files: dict[str, Path], sequences: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "split": "test",
            "sequence": sequence,
            "frames": root / f"frames/test/{sequence}.npy",
            "blur": files["blur"] / f"{sequence}.npy",
        }
        for sequence in sequences
    ]


def _input_system(root: Path, name: str, files: dict[str, Path], sequences: tuple[str, ...]) -> dict[str, Any]:
    system = f"input_{name}"
    records = _records(root, files, sequences)
    evaluate_input(system, records, files["psfs"], files["camera"], _part(root, system), EVALUATION)
    return _gathered(root, system, name, "input")


def _trained_system(root: Path, name: str, files: dict[str, Path], sequences: tuple[str, ...]) -> dict[str, Any]:
    records = _records(root, files, sequences)
    weights = [root / f"models/{name}/center/final/weights.safetensors"]
    weights[0].parent.mkdir(parents=True)
    weights[0].write_text(name)
    evaluate_sequences(name, weights, records, files["psfs"], files["camera"], _part(root, name), EVALUATION)
    metrics = {}
    for stage in ("center", "f35"):
        lines = ["step,epoch,split,loss,psnr,lr,images_per_second,data_wait"]
        for step in range(0, 400, 25):
            level = np.exp(-step / 150) * 0.1 + 0.02
            lines.append(f"{step},{step // 50},train,{level:.5f},{20 + step / 80:.3f},0.001,50,0.01")
            if step % 100 == 0:
                lines.append(f"{step},{step // 50},val,{level * 1.2:.5f},{19.5 + step / 85:.3f},,,")
        metrics[stage] = root / f"models/{name}/{stage}/final/metrics.csv"
        metrics[stage].parent.mkdir(parents=True, exist_ok=True)
        metrics[stage].write_text("\n".join(lines) + "\n")
    return _gathered(root, name, name, "trained") | {
        "weights": weights,
        "metrics": metrics,
        "runs": [f"run-{name}"],
    }


def _part(root: Path, system: str) -> Path:
    return root / f"evaluation/{system}/parts/000.csv"


def _gathered(root: Path, system: str, camera: str, kind: str) -> dict[str, Any]:
    per_frame = root / f"evaluation/{system}/per_frame.csv"
    gather_sequences([_part(root, system)], per_frame)
    return {"system": system, "camera": camera, "kind": kind, "per_frame": per_frame}
