"""How a system fares on pictures of a camera that differs from the one it was trained for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.bootstrap import estimate_mean
from unsmear.evaluation.config import EvaluationConfig, RobustnessConfig
from unsmear.evaluation.perturbation import perturbed_cameras
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.records import channels_first
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.temporal_order import direction_correct, in_best_direction, is_static

MEASURES = ("psnr_middle", "psnr_frames", "direction")
# Of these the table also has what the changed camera takes away, group by group: sequences differ far more.
CHANGES = {f"{name}_change": MEASURES.index(name) for name in ("psnr_middle", "psnr_frames")}


def measure_robustness(
    weights: Sequence[str | Path],
    frames: Sequence[str | Path],
    groups: str | Path,
    split: str,
    camera_path: str | Path,
    output: str | Path,
    config: EvaluationConfig | None = None,
) -> None:
    """Render, predict and score the first group of some sequences for each changed camera.

    Parameters
    ----------
    weights : the system's ``weights.safetensors``, in the cascade's order
    frames : frame stores of the split; the first ``robustness.sequences`` of them are taken
    groups, split : where each sequence's first group lies
    camera_path : ``camera.json`` of the camera that the system was trained for
    output : CSV with ``kind``, ``change`` and each measure with its interval; PSNR of all frames is
        taken in the best direction, ``*_change`` is the paired difference from the unchanged camera
    """
    from unsmear.evaluation.predict import Predictor
    from unsmear.frames.grouping import read_groups
    from unsmear.frames.store import open_store
    from unsmear.optics.camera import Camera
    from unsmear.optics.config import CameraConfig

    config = config or EvaluationConfig()
    changes = config.robustness or RobustnessConfig()
    described = CameraConfig(**json.loads(Path(camera_path).read_text(encoding="utf-8"))["config"])
    truths = []
    for path in map(Path, frames[: changes.sequences]):
        first = read_groups(groups, split, path.stem)[0]
        truths.append(np.array(open_store(path)[first.frames]))
    predictor = Predictor(weights, config)
    rows = []
    unchanged = np.empty(0)  # the first camera is the unchanged one
    for kind, change, changed in perturbed_cameras(described, changes):
        camera = Camera.from_config(changed, len(truths[0]))
        # One at a time: sequences may differ in size.
        scores = np.array([_score(predictor, truth, camera, config, place) for place, truth in enumerate(truths)])
        unchanged = scores if kind == "none" else unchanged
        measured = dict(zip(MEASURES, scores.T, strict=True))
        measured |= {name: scores[:, place] - unchanged[:, place] for name, place in CHANGES.items()}
        row: dict[str, Any] = {"kind": kind, "change": change, "num_groups": len(scores)}
        for measure, values in measured.items():
            counted = np.isfinite(values)
            found = estimate_mean(
                np.where(counted, values, 0), counted, config.num_resamples, config.confidence, config.seed
            )
            row |= {measure: found.value, f"{measure}_low": found.low, f"{measure}_high": found.high}
        rows.append(row)
    write_rows(output, rows)


def _score(predictor: Any, truth: np.ndarray, camera: Any, config: EvaluationConfig, place: int) -> list[float]:
    """PSNR of the middle frame, of all frames in the best direction, direction; NaN where undefined."""
    blurry = camera.render(truth, (config.seed, place))
    prediction = predictor(blurry[None])[0].cpu().numpy()
    expected = channels_first(truth)
    values = psnr(in_best_direction(prediction, expected), expected)
    static = is_static(expected, config.static_threshold)
    direction = float("nan") if static else direction_correct(prediction, expected)
    finite = values[np.isfinite(values)]
    return [float(values[len(values) // 2]), float(finite.mean()) if finite.size else float("nan"), direction]
