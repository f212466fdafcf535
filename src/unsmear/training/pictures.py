"""Sample pictures of a training."""

from __future__ import annotations

import numpy as np

_LONGEST_SIDE = 320  # px; samples are to be looked at, results are measured elsewhere


def encode_samples(blurry: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> bytes:
    """PNG with a row for each frame: blurry input, prediction, truth.

    Parameters
    ----------
    blurry : (H, W, 3) uint8 RGB
    predicted, truth : (K, H, W, 3) uint8 RGB
    """
    import cv2

    rows = [np.hstack([blurry, one, other]) for one, other in zip(predicted, truth, strict=True)]
    sheet = np.vstack(rows)
    scale = _LONGEST_SIDE / max(blurry.shape[:2])
    if scale < 1:
        sheet = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, code = cv2.imencode(".png", sheet[..., ::-1])
    assert done
    return code.tobytes()
