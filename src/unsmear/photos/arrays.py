"""Pictures that are in memory already."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from unsmear.photos.colour import reduce_depth, to_srgb
from unsmear.photos.exif import describe_exif, turn_upright
from unsmear.photos.picture import Picture


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
        return _of_image(values)
    array = np.asarray(values)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or array.size == 0:
        raise ValueError(f"an array of shape {array.shape} is no picture; give (height, width, 3), RGB")
    if array.dtype.kind not in "buif":
        raise ValueError(f"an array of {array.dtype} is no picture; give uint8, uint16 or float with full scale 1")
    depth, note = reduce_depth(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)
    image, notes = to_srgb(Image.fromarray(depth))
    return Picture(np.asarray(image), notes=tuple([note] if note else []) + tuple(notes))


def _of_image(image: Image.Image) -> Picture:
    image.load()
    exif, orientation = describe_exif(image)
    profile, kind = image.info.get("icc_profile"), image.format or "PNG"
    notes: list[str] = []
    if image.mode[0] in "IF":
        depth, note = reduce_depth(np.asarray(image))
        notes += [note] if note else []
        image = Image.fromarray(depth)
        image.info |= {"icc_profile": profile} if profile else {}
    image, colour_notes = to_srgb(image)
    pixels = np.ascontiguousarray(turn_upright(np.asarray(image), orientation))
    return Picture(pixels, kind, exif, bool(profile), (*notes, *colour_notes))
