"""The one vector that explains the motion of all pictures best, and the groups that it is fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unsmear.evaluation.baselines import shift
from unsmear.evaluation.records import GroupPictures, SequenceFiles, read_group_pictures

# Two or three numbers need no more than this: groups spread evenly over the split, a square of their middle.
NUM_GROUPS = 32
SIDE = 256
# Lengths that the search for a shift starts from, px; every half circle has eight directions.
STARTING_LENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0)

Records = Sequence[SequenceFiles | Mapping[str, Any]]


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
