"""Dense motion between two pictures, estimated from the pictures alone."""

from __future__ import annotations

import cv2
import numpy as np


def estimate_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    r"""Displacement of each pixel of one picture to where the other shows the same.

    .. math:: I_1(x) \approx I_2(x + u(x))

    Parameters
    ----------
    first, second : (H, W, 3) uint8 RGB, 16 px a side or more

    Returns
    -------
    (H, W, 2) float32, x and y, px; exactly 0 between equal pictures.

    Source: Kroeger et al., Fast optical flow using dense inverse search, 2016; OpenCV's medium preset.
    """
    if first.shape != second.shape or first.ndim != 3 or min(first.shape[:2]) < 16:
        raise ValueError(
            f"the pictures have shapes {first.shape} and {second.shape}; motion is estimated between two RGB "
            "pictures of one size, 16 px a side or more"
        )
    if np.array_equal(first, second):
        return np.zeros((*first.shape[:2], 2), np.float32)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY) for picture in (first, second)]
    result: np.ndarray = search.calc(gray[0], gray[1], None)  # type: ignore[call-overload]
    return result


def flow_from_middle(frames: np.ndarray) -> np.ndarray:
    """Motion from the middle frame of a sequence to its first and to its last frame.

    Parameters
    ----------
    frames : (N, H, W, 3) uint8 RGB, N odd

    Returns
    -------
    (2, H, W, 2) float32, px: to the first frame, to the last frame.
    """
    middle = frames[len(frames) // 2]
    return np.stack([estimate_flow(middle, frames[0]), estimate_flow(middle, frames[-1])])
