"""One PNG to one RGB frame of 8 bits, or an error in plain words."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

MAX_PIXELS = 64 * 2**20
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def decode_png(data: bytes) -> np.ndarray:
    """Decode a PNG as (H, W, 3) uint8 RGB.

    Gray and palette pictures become RGB; 16 bits are rounded to 8 (a code of 257 n is n); an alpha
    channel is dropped where every pixel is opaque. The CRC of every chunk is checked, as decoders
    tend to let a damaged picture pass.

    Raises
    ------
    ValueError
        If this is no whole, undamaged PNG, has more than `MAX_PIXELS` pixels, or is transparent.
    """
    bit_depth, has_alpha = _check_chunks(data)
    flags = cv2.IMREAD_UNCHANGED if bit_depth == 16 or has_alpha else cv2.IMREAD_COLOR_RGB
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ValueError("cannot be decoded")
    if flags == cv2.IMREAD_COLOR_RGB:
        return image
    return _reduce(image)


def _reduce(image: np.ndarray) -> np.ndarray:
    """RGB of 8 bits from what the decoder gives unchanged: (H, W[, 3 or 4]), BGR, 8 or 16 bits."""
    if image.ndim == 3 and image.shape[2] == 4:
        if image[..., 3].min() < np.iinfo(image.dtype).max:
            raise ValueError("has transparent pixels, and what lies behind them is unknown")
        image = image[..., :3]
    if image.dtype == np.uint16:
        image = ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.ndim == 2:
        return np.repeat(image[..., None], 3, axis=2)
    return np.ascontiguousarray(image[..., ::-1])


def _check_chunks(data: bytes) -> tuple[int, bool]:
    """Bit depth and whether there is an alpha channel, after a walk over all chunks."""
    if data[:8] != _SIGNATURE:
        raise ValueError("is no PNG")
    view, position, depth, has_alpha, kind = memoryview(data), 8, 0, False, b""
    while kind != b"IEND":
        if position + 12 > len(data):
            raise ValueError("ends too early")
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if end > len(data):
            raise ValueError("ends too early")
        if zlib.crc32(view[position + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ValueError("is damaged (a chunk's CRC differs)")
        kind = bytes(view[position + 4 : position + 8])
        if position == 8:
            if kind != b"IHDR" or length != 13:
                raise ValueError("has no header")
            width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
            if not 0 < width * height <= MAX_PIXELS:
                raise ValueError(f"says it has {width} x {height} pixels; at most {MAX_PIXELS} are read")
            has_alpha = colour in (4, 6)
        has_alpha = has_alpha or kind == b"tRNS"
        position = end
    return depth, has_alpha
