"""One picture file in: upright, in sRGB, within bounds, or a sentence that says why not."""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from unsmear.photos.colour import describe_gamma, find_gamma, reduce_depth, to_srgb
from unsmear.photos.colour_codes import describe_colour_codes
from unsmear.photos.exif import describe_exif, turn_upright
from unsmear.photos.formats import RAW_SUFFIXES, ends_early, name_unreadable, readable_plugins, register_heif
from unsmear.photos.png import read_deep_png
from unsmear.photos.size import TooLargeError, check_size
from unsmear.photos.tiff import StoredTiff, read_tiff

MAX_BYTES = 1024 * 2**20
MAX_PIXELS = 120_000_000
# What Pillow's decoders raise where a file is damaged.
DAMAGE: tuple[type[Exception], ...] = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, KeyError)
DAMAGE += (IndexError, TypeError, OverflowError, NotImplementedError, AttributeError, AssertionError)
ADVICE = "that are read; shrink it first, or raise --max-megapixels"
# Of a TIFF.
_BITS_PER_SAMPLE = 258
_CUT_OFF = "{} ends too early: the file was cut off; copy it again from where it came"
_CUT = ("truncated", "ends", "unexpected end", "not enough", "premature", "incomplete")
_bound = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A picture as it is shown.

    Attributes
    ----------
    pixels : (H, W, 3) uint8, sRGB, upright
    kind : Pillow's name of the file format
    exif : what the camera noted, without the orientation and the thumbnail
    profiled : the file named a colour profile
    notes : what was done to it that a person should know
    """

    pixels: np.ndarray
    kind: str = "PNG"
    exif: bytes = b""
    profiled: bool = False
    notes: tuple[str, ...] = ()


def read_picture(
    path: str | Path, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES, advice: str = ADVICE
) -> Picture:
    """Read any picture that Pillow knows, AVIF and (with pillow-heif) HEIC included.

    Parameters
    ----------
    max_pixels : a picture that declares more is refused before its pixels are read
    max_bytes : a longer file is refused
    advice : what a refusal says of these pixels, and how to raise their number

    Raises
    ------
    ValueError
        If the file is missing, of an unreadable kind, cut, damaged or too large; the message says which.
    """
    path = Path(path)
    register_heif()
    try:
        _check_file(path, max_bytes)
        return _read(path, max_pixels)
    except _OVERSIZED as error:
        raise ValueError(_too_large(path, max_pixels, advice, error)) from None
    except MemoryError:
        raise ValueError(f"{path} does not fit into memory; close other programs or shrink it first") from None
    except PermissionError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); let yourself read it, or copy it") from None
    except DAMAGE as error:
        if str(error).startswith(str(path)):
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        if ends_early(path) or isinstance(error, EOFError) or any(word in text.lower() for word in _CUT):
            raise ValueError(_CUT_OFF.format(path)) from None
        raise ValueError(f"{path} is damaged ({text}); copy it again from where it came") from None


@contextmanager
def _bounded(max_pixels: int) -> Iterator[None]:
    """Make Pillow refuse larger pictures, also those that a file hides inside another."""
    with _bound, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _check_file(path: Path, max_bytes: int) -> None:
    if not path.exists():
        raise ValueError(f"{path} does not exist; name a picture file")
    if not path.is_file():
        raise ValueError(f"{path} is no file; name a picture file")
    size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{path} is empty (0 bytes); copy it again from where it came")
    if size > max_bytes:
        raise ValueError(f"{path} has {size} bytes; at most {max_bytes} are read, --max-megabytes changes that")
    if path.suffix.lower() in RAW_SUFFIXES:
        raise ValueError(f"{path} is {name_unreadable(path)}")


_OVERSIZED = (Image.DecompressionBombWarning, Image.DecompressionBombError, TooLargeError)


def _too_large(path: Path, max_pixels: int, advice: str, error: Exception) -> str:
    found = str(error) if isinstance(error, TooLargeError) else ""
    return f"{path} declares {found}more than the {max_pixels / 1e6:.4g} megapixels {advice}"


def _read(path: Path, max_pixels: int) -> Picture:
    with _bounded(max_pixels):
        try:
            image = Image.open(path, formats=readable_plugins())
        except UnidentifiedImageError:
            stored = read_tiff(path, max_pixels)
            if stored is None:
                known = name_unreadable(path)
                if known.startswith(("no picture", "a TIFF")) and ends_early(path):
                    raise EOFError from None
                raise ValueError(f"{path} is {known}") from None
            return _finish_tiff(stored, b"")
        with image:
            return _decode(path, image, max_pixels)


def _decode(path: Path, image: Image.Image, max_pixels: int) -> Picture:
    stored_as = "".join(str(tile[3]) for tile in getattr(image, "tile", ()))
    exif, orientation = describe_exif(image)
    if image.format == "TIFF":
        bits = max(getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (1,)))
        # Pillow mistakes the rows of grey pictures that lie on a side, and its libtiff may know no WebP.
        is_mistaken = (orientation >= 5 and image.mode == "L") or image.info.get("compression") == "webp"
        stored = read_tiff(path, max_pixels) if bits > 8 or is_mistaken else None
        if stored is not None:
            return _finish_tiff(stored, exif)
    is_deep = image.format == "PNG" and "16" in stored_as and image.mode[0] not in "IF"
    several = getattr(image, "n_frames", 1) if getattr(image, "is_animated", False) else 1
    image.load()
    # Again, as notes may follow the pixels, and as Pillow turns a TIFF upright by itself.
    exif, orientation = describe_exif(image)
    check_size(path, image.size, max_pixels)
    notes = [*_tell_number(several), *([] if "icc_profile" in image.info else describe_colour_codes(path))]
    return finish_picture(image, exif, orientation, read_deep_png(path) if is_deep else None, notes)


def _finish_tiff(stored: StoredTiff, exif: bytes) -> Picture:
    values, note = reduce_depth(stored.values)
    image = Image.fromarray(values)
    image.format = "TIFF"
    image.info["icc_profile"] = stored.profile
    notes = [*_tell_number(stored.num_pictures), *([note] if note else [])]
    return finish_picture(image, exif, stored.orientation, None, notes)


def _tell_number(num_pictures: int) -> list[str]:
    return [f"it holds {num_pictures} pictures; the first was taken"] if num_pictures > 1 else []


def finish_picture(
    image: Image.Image, exif: bytes, orientation: int, deep: np.ndarray | None, notes: Sequence[str]
) -> Picture:
    """A loaded image in sRGB and upright; ``deep``, or what it holds of more than 8 bits, are its pixels."""
    profile, kind = image.info.get("icc_profile"), image.format or "PNG"
    if deep is None and image.mode[0] in "IF":
        deep = np.asarray(image)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            deep = np.stack([deep, np.where(deep == transparent, 0, 65535).astype(deep.dtype)], axis=-1)
    if deep is not None:
        gamma = find_gamma(image)
        values, note = reduce_depth(deep, gamma)
        notes = [*notes, note] if note else notes
        image = Image.fromarray(values)
        image.info |= {"icc_profile": profile} if profile else {}
        notes = [*notes, describe_gamma(gamma)] if gamma != 1 else notes
    image, colour_notes = to_srgb(image)
    pixels = turn_upright(np.asarray(image), orientation)
    return Picture(np.ascontiguousarray(pixels), kind, exif, bool(profile), (*notes, *colour_notes))
