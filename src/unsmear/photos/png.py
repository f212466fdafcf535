"""PNG files of 16 bits a colour, which Pillow cuts to 8."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def read_deep_png(path: Path) -> np.ndarray | None:
    """Pixels as they are stored: (H, W), (H, W, 3) or (H, W, 4) with opacity, RGB; None where OpenCV cannot read."""
    import cv2
    from cv2.utils import logging

    # Otherwise it prints lines of its own where it cannot read.
    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    finally:
        logging.setLogLevel(level)
    if pixels is None:
        return None
    pixels = np.asarray(pixels)
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]] if pixels.ndim == 3 and pixels.shape[2] >= 3 else pixels
