"""What the camera noted in a picture: kept for the frames, but for what no longer holds."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base

# Of the main directory; the rest says how the original file's bytes lie.
_KEPT = (Base.ImageDescription, Base.Make, Base.Model, Base.Software, Base.DateTime, Base.Artist, Base.Copyright)
_STALE = (Base.ExifImageWidth, Base.ExifImageHeight, Base.MakerNote, Base.ComponentsConfiguration)
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, AttributeError)


def describe_exif(image: Image.Image) -> tuple[bytes, int]:
    """Notes of the camera to write with each frame, and the orientation (1 to 8) of the pixels.

    Broken notes count as none.
    """
    try:
        found = image.getexif()
        orientation = found.get(Base.Orientation, 1)
        orientation = orientation if orientation in range(1, 9) else 1
    except _BROKEN:
        return b"", 1
    try:
        kept = Image.Exif()
        for tag in _KEPT:
            if tag in found:
                kept[tag] = found[tag]
        for directory in (IFD.Exif, IFD.GPSInfo):
            notes = {tag: value for tag, value in found.get_ifd(directory).items() if tag not in _STALE}
            if notes:
                kept.get_ifd(directory).update(notes)
                kept[directory] = notes
        return (kept.tobytes() if len(kept) else b""), orientation
    except _BROKEN:
        return b"", orientation


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation (1 to 8): (H, W, 3) to the same, or (W, H, 3)."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
