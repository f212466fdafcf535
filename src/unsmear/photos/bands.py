"""Bands of rows, so few that what is computed of them stays in the caches."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

# Pixels whose values, of a few pictures, fit into the nearest caches.
BAND_PIXELS = 2**15


def find_bands(picture: Tensor, multiple: int = 1) -> list[slice]:
    """Rows of (..., H, W) to compute together, by multiples of so many; on a GPU all of them."""
    height, width = picture.shape[-2:]
    rows = max(multiple, BAND_PIXELS // width // multiple * multiple) if picture.device.type == "cpu" else height
    return [slice(top, min(height, top + rows)) for top in range(0, height, rows)]


def write_codes(frames: list[Tensor], moved: Tensor | None, out: np.ndarray) -> None:
    """Round frames (3, H, W) to 8 bit and write them to (N, H, W, 3); what has not moved comes from the middle one."""
    middle = frames[len(frames) // 2]
    for rows in find_bands(middle):
        for index, frame in enumerate(frames):
            part = frame[:, rows]
            if moved is not None and frame is not middle:
                # Guesses are of about a pixel, over which fading is moving.
                part = torch.lerp(middle[:, rows], part, moved[:, rows])
            codes = (255 * part).round_().clamp_(0, 255).to(torch.uint8)
            out[index, rows] = cv2.merge(list(codes.cpu().numpy()))
