"""All measures of one frame group."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unsmear.evaluation.arrays import Images
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.reblur import reblur_psnr
from unsmear.evaluation.records import GroupPictures, SequenceFiles
from unsmear.evaluation.ssim import ssim
from unsmear.evaluation.temporal_consistency import temporal_error
from unsmear.evaluation.temporal_order import direction_correct, in_best_direction, is_static, runs_backward

if TYPE_CHECKING:
    from unsmear.evaluation.lpips import Lpips

Row = dict[str, Any]


def score_group(prediction: Images, truth: Images, static_threshold: float = 2.0) -> list[Row]:
    """One row per frame with the measures of a predicted frame group.

    Parameters
    ----------
    prediction, truth : (N, 3, H, W) 8-bit codes, arrays or tensors
    static_threshold : groups whose first and last true frame differ by less (RMS, codes) have no
        direction: their ``direction`` is None

    Returns
    -------
    N rows with ``frame`` (from 1), ``psnr``, ``ssim``, ``psnr_best``, ``ssim_best`` of that frame,
    and, the same in each row of the group, ``moving``, ``direction``, ``backward``,
    ``temporal_error``, ``temporal_error_best``. The best direction is chosen once for the group,
    by mean PSNR; ``backward`` says that it was the reversed one.
    """
    backward = runs_backward(prediction, truth)
    best = in_best_direction(prediction, truth) if backward else prediction
    plain_psnr, plain_ssim = psnr(prediction, truth), ssim(prediction, truth)
    best_psnr, best_ssim = (psnr(best, truth), ssim(best, truth)) if backward else (plain_psnr, plain_ssim)
    moving = not is_static(truth, static_threshold)
    of_group: Row = {
        "moving": int(moving),
        "direction": direction_correct(prediction, truth) if moving else None,
        "backward": int(backward),
        "temporal_error": temporal_error(prediction, truth),
        "temporal_error_best": temporal_error(best, truth),
    }
    return [
        {
            "frame": index + 1,
            "psnr": float(plain_psnr[index]),
            "ssim": float(plain_ssim[index]),
            "psnr_best": float(best_psnr[index]),
            "ssim_best": float(best_ssim[index]),
            **of_group,
        }
        for index in range(len(truth))
    ]


def keyed_rows(system: str, files: SequenceFiles, pictures: GroupPictures, scores: list[Row]) -> list[Row]:
    """Rows of a group with the columns that say whose they are."""
    key = {"system": system, "split": files.split, "sequence": files.sequence, "group": pictures.group}
    return [{**key, **row} for row in scores]


def add_reblur(scores: list[Row], frames: np.ndarray, blurry: np.ndarray, camera: Any, seed: int) -> None:
    """Add the column ``reblur_psnr``: the frames (N, H, W, 3) put through their camera, against its picture."""
    value = reblur_psnr(frames, blurry, camera, seed)
    for row in scores:
        row["reblur_psnr"] = value


def load_distances(lpips: Mapping[str, str | Path] | None, device: str) -> dict[str, Lpips]:
    """The LPIPS variants whose weights are there, by their names."""
    if not lpips:
        return {}
    from unsmear.evaluation.lpips_weights import load_lpips

    loaded = {name: load_lpips(name, path, device) for name, path in lpips.items()}  # type: ignore[arg-type]
    return {name: network for name, network in loaded.items() if network is not None}


def add_lpips(scores: list[Row], distances: Mapping[str, Lpips], prediction: Any, truth: Any) -> None:
    """Add columns ``lpips_alex``, ``lpips_vgg``: of each frame in the group's best direction."""
    backward = bool(scores[0]["backward"])
    best = prediction.flip(0) if backward else prediction
    for name, measure in distances.items():
        for row, value in zip(scores, measure(best, truth).tolist(), strict=True):
            row[f"lpips_{name}"] = value
