"""Choose the few numbers of the baselines on the validation split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.baselines import FittedBaselines, deblur, shift
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.records import GroupPictures, SequenceFiles, read_group_pictures
from unsmear.evaluation.temporal_order import HIGHEST_PSNR_DB

# Two or three numbers need no more than this: groups spread evenly over the split, a square of their middle.
NUM_GROUPS = 32
SIDE = 256
# Lengths that the search for a shift starts from, px; every half circle has eight directions.
STARTING_LENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0)
LOG10_K_RANGE = (-5.0, 0.0)

Records = Sequence[SequenceFiles | Mapping[str, Any]]


def fit_camera_baselines(sequences: Records, psfs: str | Path, camera: str | Path, output: str | Path) -> None:
    """Fit the Wiener filter and the constant shift of a camera's blurry picture; write them as JSON.

    Parameters
    ----------
    sequences : records of the validation split, with ``split``, ``sequence``, ``frames``, ``blur``
    psfs, camera : ``psfs.npy`` and ``camera.json``
    output : JSON that :meth:`FittedBaselines.load` reads
    """
    from unsmear.optics.camera import Camera

    lens = Camera.load(psfs, camera)
    groups = read_some_groups(sequences, lens.num_frames)
    truths = [group.truth for group in groups]
    stills = [equalise(group.blurry, lens.energy, lens.response) for group in groups]
    k = fit_wiener_k([group.blurry for group in groups], truths, lens)
    FittedBaselines(fit_shift(stills, truths), k, len(groups)).save(output)


def fit_system_baselines(
    weights: Sequence[str | Path], sequences: Records, output: str | Path, config: EvaluationConfig | None = None
) -> None:
    """Fit the constant shift of a system's own middle frame; write it as JSON.

    Parameters
    ----------
    weights : ``weights.safetensors`` of its stages, in the cascade's order
    sequences, output : as in :func:`fit_camera_baselines`
    config : how to run the networks
    """
    from unsmear.evaluation.predict import Predictor

    predictor = Predictor(weights, config)
    groups = read_some_groups(sequences, predictor.num_frames)
    middles = []
    for group in groups:
        frames = predictor(group.blurry[None])[0]
        middles.append(np.moveaxis(frames[predictor.middle - 1].cpu().numpy(), 0, -1))
    found = fit_shift(middles, [group.truth for group in groups])
    FittedBaselines(found, None, len(groups)).save(output)


def read_some_groups(sequences: Records, num_frames: int) -> list[GroupPictures]:
    """At most ``NUM_GROUPS`` frame groups, spread evenly, each cut to the middle ``SIDE`` px."""
    files = [SequenceFiles.from_record(record) for record in sequences]
    # A sequence gives no more than its share, so that a long split is not read as a whole.
    chosen = [files[index] for index in sorted(set(np.linspace(0, len(files) - 1, NUM_GROUPS).round().astype(int)))]
    groups = [group for each in chosen for group in read_group_pictures(each, num_frames)]
    spread = sorted(set(np.linspace(0, len(groups) - 1, NUM_GROUPS).round().astype(int)))
    return [_cut(groups[index]) for index in spread]


def _cut(group: GroupPictures) -> GroupPictures:
    height, width = group.blurry.shape[:2]
    top, left = max(0, (height - SIDE) // 2), max(0, (width - SIDE) // 2)
    window = (..., slice(top, top + SIDE), slice(left, left + SIDE), slice(None))
    return replace(group, truth=group.truth[window], blurry=group.blurry[window])


def fit_wiener_k(blurry: Sequence[np.ndarray], truths: Sequence[np.ndarray], camera: Any) -> float:
    """The Wiener filter's constant of the highest mean PSNR of the middle frame.

    Parameters
    ----------
    blurry : pictures (H, W, 3) uint8 as the camera recorded them
    truths : their frames, (N, H, W, 3) uint8
    """
    from scipy.optimize import minimize_scalar

    def loss(log10_k: float) -> float:
        pairs = zip(blurry, truths, strict=True)
        values = [psnr(deblur(picture, camera, 10**log10_k), truth[len(truth) // 2]) for picture, truth in pairs]
        return -float(np.minimum(values, HIGHEST_PSNR_DB).mean())

    found = minimize_scalar(loss, bounds=LOG10_K_RANGE, method="bounded", options={"xatol": 0.02})
    return float(10**found.x)


def fit_shift(middles: Sequence[np.ndarray], truths: Sequence[np.ndarray]) -> tuple[float, float]:
    """The one vector that, moving every middle frame, gives the highest mean PSNR in the better direction.

    Parameters
    ----------
    middles : pictures (H, W, 3) uint8
    truths : their frames, (N, H, W, 3) uint8

    Returns
    -------
    (x, y) from the middle to the last frame, px
    """
    from scipy.optimize import minimize

    def loss(vector: np.ndarray) -> float:
        return -float(np.mean([_psnr_best(m, t, vector) for m, t in zip(middles, truths, strict=True)]))

    angles = np.pi * np.arange(8) / 8
    starts = [length * np.array([np.cos(a), np.sin(a)]) for length in STARTING_LENGTHS for a in angles]
    start = min(starts, key=loss)
    simplex = start + np.array([[0, 0], [0.5, 0], [0, 0.5]])
    options = {"initial_simplex": simplex, "xatol": 0.03, "fatol": 1e-3, "maxfev": 60}
    x, y = minimize(loss, start, method="Nelder-Mead", options=options).x
    return round(float(x), 3), round(float(y), 3)


def _psnr_best(middle: np.ndarray, truth: np.ndarray, vector: np.ndarray) -> float:
    import cv2

    frames = shift(middle, (float(vector[0]), float(vector[1])), len(truth))
    # OpenCV's norm of 8-bit differences is exact, too, and takes a tenth of the time of the measure itself.
    both = [
        [cv2.norm(one.reshape(-1), other.reshape(-1), cv2.NORM_L2SQR) for one, other in zip(order, truth, strict=True)]
        for order in (frames, frames[::-1])
    ]
    # Half a code in one value stands in for "identical".
    errors = np.maximum(both, 0.25) / middle.size
    return float((10 * np.log10(255**2 / errors)).mean(axis=1).max())
