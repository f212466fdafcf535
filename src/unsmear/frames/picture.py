"""One picture file, PNG or JPEG, to one RGB frame of 8 bits; which it is its content says, not its name."""

from __future__ import annotations

import cv2
import numpy as np

from unsmear.frames.content import describe_content
from unsmear.frames.picture_size import JPEG_START, PNG_START, is_cut_off, read_size
from unsmear.frames.png import MAX_PIXELS, decode_png


def decode_picture(data: bytes) -> np.ndarray:
    """Decode a PNG or JPEG as (H, W, 3) uint8 RGB, a JPEG turned as its camera noted.

    Raises
    ------
    ValueError
        If it is neither, or not whole; see also :func:`decode_png`.
    """
    if data.startswith(PNG_START):
        return decode_png(data)
    if not data.startswith(JPEG_START):
        raise ValueError(f"is no PNG or JPEG but {describe_content(data[:512])}")
    height, width = read_size(data)
    if not 0 < height * width <= MAX_PIXELS:
        raise ValueError(f"says it has {width} x {height} pixels; at most {MAX_PIXELS} are read")
    if is_cut_off(data):
        raise ValueError("ends too early")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError("cannot be decoded")
    return np.asarray(image)
