"""Pictures that are in memory already."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from unsmear.photos.colour import reduce_depth, to_srgb
from unsmear.photos.exif import describe_exif
from unsmear.photos.picture import Picture, finish_picture


def as_picture(values: Any) -> Picture:
    """An array, or a picture that Pillow has opened, as one that was read.

    Parameters
    ----------
    values : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) uint8, uint16 or float with full scale 1, RGB; or an image

    Raises
    ------
    ValueError
        If it has another shape or kind of numbers.
    """
    if isinstance(values, Image.Image):
        values.load()
        return finish_picture(values, *describe_exif(values), deep=None, notes=())
    array = np.asarray(values)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or array.size == 0:
        raise ValueError(f"an array of shape {array.shape} is no picture; give (height, width, 3), RGB")
    if array.dtype.kind not in "buif":
        raise ValueError(f"an array of {array.dtype} is no picture; give uint8, uint16 or float with full scale 1")
    depth, note = reduce_depth(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)
    image, notes = to_srgb(Image.fromarray(depth))
    return Picture(np.asarray(image), notes=tuple([note] if note else []) + tuple(notes))
