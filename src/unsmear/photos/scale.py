"""The factor by which a picture is resized first."""

from __future__ import annotations

import numpy as np


def check_scale(scale: float) -> None:
    """Raise ValueError unless 0.05 <= scale <= 1."""
    if not 0.05 <= scale <= 1:
        raise ValueError(f"scale is {scale}; give a factor from 0.05 to 1, such as 0.5 for half the size")


def resize(pixels: np.ndarray, scale: float) -> np.ndarray:
    """Pixels (H, W, 3) resized by ``scale``, by area."""
    check_scale(scale)
    if scale == 1:
        return pixels
    import cv2

    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
