"""Pictures of more than 8 bits a colour, which Pillow would cut to 8."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


class TooLargeError(Exception):
    """A picture has more pixels than are read; carries the size, where it is known."""


def check_size(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a picture of no pixels, or of too many (:class:`TooLargeError`)."""
    if min(size) < 1:
        raise ValueError(f"{path} declares {size[0]} x {size[1]} px; it is damaged")
    if size[0] * size[1] > max_pixels:
        raise TooLargeError(f"{size[0]} x {size[1]} px, ")


def read_deep(path: Path, max_pixels: int) -> np.ndarray | None:
    """Pixels of a PNG or TIFF file at their full depth, None of others: (H, W), (H, W, 3) or (H, W, 4), RGB."""
    import cv2
    import tifffile
    from cv2.utils import logging

    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            check_size(path, (page.imagewidth, page.imagelength), max_pixels)  # type: ignore[union-attr]
            is_tiff = True
    except (tifffile.TiffFileError, struct.error, KeyError, IndexError):
        is_tiff = False
    if not is_tiff and path.open("rb").read(4) != b"\x89PNG":
        return None
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
    if pixels.ndim == 3 and pixels.shape[2] >= 3:
        return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return pixels
