"""A still that shows the blurry picture beside a sharp one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unsmear.photos.video import fit

GAP = 16


def side_by_side(blurry: np.ndarray, sharp: np.ndarray) -> np.ndarray:
    """The blurry picture and a frame of it, left and right, or one above the other where they are wide."""
    pair: Sequence[np.ndarray] = [fit(blurry), fit(sharp)]
    height, width = pair[0].shape[:2]
    axis = 0 if width > 2 * height else 1
    gap = np.full((GAP, width, 3) if axis == 0 else (height, GAP, 3), 255, np.uint8)
    return np.concatenate([pair[0], gap, pair[1]], axis=axis)
