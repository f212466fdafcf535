"""Any pixels to 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

# Codes by which sRGB's own profiles differ.
PROFILE_TOLERANCE = 8
# Fewer bits than the file's are recognised by the largest value; 14 bits would be mistaken in dark pictures.
_DEPTHS = ((255, 8), (1023, 10), (4095, 12))


def reduce_depth(values: np.ndarray) -> tuple[np.ndarray, str | None]:
    """Scale integers of more than 8 bits, or floats, to 8 bits.

    Parameters
    ----------
    values : any shape; integers are full scale at the smallest of 10, 12 and 16 bits that holds them, floats at
        the smallest of 1, 255 and 65535 that holds them, else at their largest value

    Returns
    -------
    uint8 of the same shape, and what to tell the person, if anything
    """
    note = None
    if values.dtype == bool:
        return values.astype(np.uint8) * 255, None
    if values.dtype == np.uint8:
        return values, None
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
            note = "values that are no numbers were taken as black"
        largest = float(values.max(initial=0))
        full = next((scale for scale in (1.0, 255.0, 65535.0) if largest <= scale), largest)
        if full != 1:
            note = f"its float values reach {largest:.6g}; {full:.6g} was taken as white"
    else:
        largest = int(values.max(initial=0))
        full, bits = next(((top, bits) for top, bits in _DEPTHS if 0 < largest <= top), (65535, 16))
        if largest > 65535:
            full, bits = largest, 32
        if bits != 16:
            note = f"its values reach {largest}, so they were taken as {bits}-bit"
    scaled = np.empty(values.shape, np.uint8)
    rows = max(1, 2**22 // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        part = values[start : start + rows].astype(np.float32)
        scaled[start : start + rows] = np.clip(part * np.float32(255 / full) + 0.5, 0, 255)
    return scaled, note


def to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Turn a picture of any of Pillow's 8-bit modes into RGB of the colour space sRGB, on white where transparent.

    Returns
    -------
    the picture and what to tell the person
    """
    notes: list[str] = []
    profile = image.info.get("icc_profile")
    alpha = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        whole = image.convert("RGBA")
        alpha = whole.getchannel("A")
        image = whole.convert("RGB")
        if alpha.getextrema()[0] == 255:
            alpha = None
    elif image.mode == "LAB":
        space = ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, space, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
        profile = None
    elif image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if profile:
        image, note = _apply_profile(image, profile)
        notes += [note] if note else []
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is not None:
        background = Image.new("RGB", image.size, "white")
        background.paste(image, mask=alpha)
        image = background
        notes.append("transparent parts were put on white")
    return image, notes


def _apply_profile(image: Image.Image, profile: bytes) -> tuple[Image.Image, str | None]:
    """The picture in sRGB, and a note; unchanged where the profile cannot be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip() or "without a name"
        is_srgb = "srgb" in name.lower()
        if is_srgb and image.mode != "RGB":
            return image, None
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        space = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, space, image.mode, "RGB", intent, flags)
        # "Linear sRGB" is another space.
        if is_srgb and _changes_little(transform):
            return image, None
        converted = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        return image, f"its colour profile cannot be used ({error}); the colours were taken as sRGB"
    assert converted is not None
    return converted, f"its colours were converted from the profile {name} to sRGB"


def _changes_little(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether no colour of a lattice changes by more than sRGB's own profiles differ, in codes."""
    lattice = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype=np.uint8)] * 3), axis=-1).reshape(1, -1, 3)
    changed = ImageCms.applyTransform(Image.fromarray(lattice), transform)
    return bool(np.abs(np.asarray(changed).astype(int) - lattice).max() <= PROFILE_TOLERANCE)
