"""TIFF files whose pixels Pillow cuts to 8 bits, scrambles or does not know."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from unsmear.photos.size import check_size

# It writes lines of its own about files that are damaged.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_ORIENTATION, _PROFILE = 274, 34675
_MAX_SAMPLES = 8
TIFF_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True)
class StoredTiff:
    """The first picture of a file, as it is stored.

    Attributes
    ----------
    values : (H, W) or (H, W, 2) grey, (H, W, 3) or (H, W, 4) RGB; the last of 2 or 4 is opacity, by which the
        colours are not multiplied
    orientation : of EXIF, 1 to 8
    profile : ICC profile, if any
    num_pictures : in the file
    """

    values: np.ndarray
    orientation: int
    profile: bytes | None
    num_pictures: int


def read_tiff(path: Path, max_pixels: int) -> StoredTiff | None:
    """Read grey and RGB pixels of any depth, interleaved or in planes; None of other files and kinds of pixels.

    Raises
    ------
    TooLargeError
        If it declares more than ``max_pixels``.
    EOFError
        If the file ends before its pixels do.
    ValueError
        If it is damaged.
    """
    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            check_size(path, (page.imagewidth, page.imagelength), max_pixels)
            if not _is_known(page):
                return None
            if _end(page) > path.stat().st_size:
                raise EOFError
            values = np.moveaxis(page.asarray(), page.axes.index("S"), -1) if "S" in page.axes else page.asarray()
            tags = page.tags
            orientation = tags[_ORIENTATION].value if _ORIENTATION in tags else 1
            profile = tags[_PROFILE].value if _PROFILE in tags else None
            return StoredTiff(
                _interpret(values, page), orientation if orientation in range(1, 9) else 1, profile, len(file.pages)
            )
    except (tifffile.TiffFileError, struct.error, KeyError, IndexError, TypeError):
        return None
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def tiff_ends_early(path: Path) -> bool:
    """Whether the directory of a TIFF's first picture, or its pixels, lie behind the end of the file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(16).ljust(16, b"\0")
        order, is_big = ("<" if head[:2] == b"II" else ">"), b"+" in head[:4]
        place = struct.unpack(order + "Q", head[8:])[0] if is_big else struct.unpack(order + "I", head[4:8])[0]
        count, entry_bytes = ("Q", 20) if is_big else ("H", 12)
        start = place + struct.calcsize(order + count)
        if start > size:
            return True
        stream.seek(place)
        if start + entry_bytes * struct.unpack(order + count, stream.read(start - place))[0] > size:
            return True
    try:
        with tifffile.TiffFile(path) as file:
            return _end(file.pages[0]) > size
    except (tifffile.TiffFileError, struct.error, KeyError, IndexError, TypeError):
        return False


def _end(page: Any) -> int:
    """The byte behind a page's last pixels."""
    return max(map(sum, zip(page.dataoffsets, page.databytecounts, strict=False)), default=0)


def _is_known(page: Any) -> bool:
    return bool(
        page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
        and page.axes.replace("S", "") == "YX"
        and page.samplesperpixel <= _MAX_SAMPLES
        and page.dtype is not None
        and page.dtype.kind in "uif"
    )


def _interpret(values: np.ndarray, page: Any) -> np.ndarray:
    """Samples as colours of which more is brighter, with straight opacity behind them."""
    bits = page.bitspersample
    if values.dtype.kind == "u" and bits not in (8, 16, 32, 64):
        values = (values.astype(np.float32) * (65535 / (2**bits - 1)) + 0.5).astype(np.uint16)
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    if values.ndim == 2:
        return values if page.photometric != _WHITE_IS_ZERO else _inverted(values, full)
    num_colours = 3 if page.photometric == _RGB else 1
    colours, others = values[..., :num_colours], values[..., num_colours:]
    kinds = page.extrasamples
    if page.photometric == _WHITE_IS_ZERO:
        colours = _inverted(colours, full)
    if not kinds or kinds[0] not in (_PREMULTIPLIED, _STRAIGHT):
        return colours if num_colours == 3 else colours[..., 0]
    opacity = others[..., :1]
    if kinds[0] == _PREMULTIPLIED:
        share = np.maximum(opacity.astype(np.float32) / full, 1e-6)
        colours = np.clip(colours / share, 0, full).astype(values.dtype)
    return np.concatenate([colours, opacity], axis=-1)


def _inverted(values: np.ndarray, full: float) -> np.ndarray:
    return (full - values.astype(np.float64)).astype(values.dtype)
