"""Any pixels to 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

# Codes by which sRGB's own profiles differ.
PROFILE_TOLERANCE = 8
# Fewer bits than the file's are recognised by the largest value; 14 bits would be mistaken in dark pictures.
_DEPTHS = ((255, 8), (1023, 10), (4095, 12))
# Whites of floats: highlights may pass 1 by far, and rounding the others by little.
_WHITES = ((1.0, 4.0), (255.0, 280.0), (1023.0, 1100.0), (4095.0, 4400.0), (65535.0, 72000.0))
_SAMPLE = 1024
# Larger integers fill their type: they are no counts, of which the largest is white.
_MOST_COUNTS = 2**24
# Exponents that differ less from that of sRGB are its own, rounded.
_GAMMA_TOLERANCE = 0.05


def reduce_depth(values: np.ndarray, gamma: float = 1.0) -> tuple[np.ndarray, str | None]:
    """Scale integers of more than 8 bits, or floats, to 8 bits.

    Parameters
    ----------
    values : (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), the last of 2 or 4 opacity, which is scaled by itself. Integers
        are full scale at the smallest of 8, 10, 12 and 16 bits that holds them; floats at 1, unless more than a
        hundredth of them is far above: then at the smallest of the full scales of 8, 10, 12 and 16 bits
    gamma : exponent that makes shares of full scale those of sRGB; opacity is left alone

    Returns
    -------
    uint8 of the same shape, and what to tell the person, if anything
    """
    if values.dtype == bool:
        return values.astype(np.uint8) * 255, None
    if values.dtype == np.uint8:
        return values, None
    if values.ndim == 3 and values.shape[2] in (2, 4):
        colours, note = reduce_depth(values[..., :-1], gamma)
        opacity, _ = reduce_depth(values[..., -1])
        return np.concatenate([colours, opacity[..., None]], axis=2), note
    unreadable = None
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        unreadable = "values that are no numbers were taken as black"
    full, note = _full_scale(values)
    scaled = np.empty(values.shape, np.uint8)
    rows = max(1, 2**22 // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        part = values[start : start + rows].astype(np.float32)
        part *= np.float32(1 / full)
        part = np.clip(part, 0, 1) ** np.float32(gamma) if gamma != 1 else part
        scaled[start : start + rows] = np.clip(part * 255 + 0.5, 0, 255)
    return scaled, "; ".join(filter(None, (unreadable, note))) or None


def _full_scale(values: np.ndarray) -> tuple[float, str | None]:
    """The value that is white, and what to tell of it."""
    largest = float(values.max(initial=0))
    if values.dtype.kind == "f":
        if largest <= 1:
            return 1.0, None
        steps = [max(1, side // _SAMPLE) for side in values.shape[:2]]
        high = float(np.percentile(values[:: steps[0], :: steps[1]], 99))
        full = next((white for white, most in _WHITES if high <= most), largest)
        return full, f"its float values reach {largest:.6g}; {full:.6g} was taken as white"
    most = np.iinfo(values.dtype).max
    if largest > 65535:
        full = float(most) if largest > _MOST_COUNTS else largest
        return full, f"its values reach {largest:.0f}; {full:.0f} was taken as white"
    full, bits = next(((top, bits) for top, bits in _DEPTHS if 0 < largest <= top), (65535, 16))
    full = min(full, most)
    return full, f"its values reach {largest:.0f}, so they were taken as {bits}-bit" if bits != 16 else None


def find_gamma(image: Image.Image) -> float:
    """Exponent that makes colours those of sRGB, where a PNG without a profile names another (gAMA); else 1."""
    encoded = image.info.get("gamma") or 1 / 2.2
    if image.info.get("icc_profile") or "srgb" in image.info or abs(2.2 * encoded - 1) < _GAMMA_TOLERANCE:
        return 1.0
    return float(1 / (2.2 * encoded))


def describe_gamma(gamma: float) -> str:
    """What to tell of colours to which :func:`find_gamma`'s exponent was applied."""
    return f"its colours were converted from an encoding by the power {1 / (2.2 * gamma):.3g} to sRGB"


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
    elif (gamma := find_gamma(image)) != 1:
        curve = [round(255 * (code / 255) ** gamma) for code in range(256)]
        image = image.point(curve * len(image.getbands()))
        notes.append(describe_gamma(gamma))
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
