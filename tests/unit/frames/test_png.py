from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from unsmear.frames import png
from unsmear.frames.png import decode_png


def test_rgb_comes_back_as_it_was(encode, random_frames) -> None:
    frame = random_frames(1)[0]
    assert np.array_equal(decode_png(encode(frame)), frame)
    assert decode_png(encode(frame)).flags.c_contiguous


def test_gray_is_repeated(encode, random_frames) -> None:
    gray = random_frames(1)[0, ..., 0]
    assert np.array_equal(decode_png(encode(gray)), np.stack([gray] * 3, axis=-1))


def test_palettes_are_resolved(encode) -> None:
    frame = np.zeros((4, 6, 3), np.uint8)
    frame[:, :2], frame[:, 2:4], frame[:, 4:] = (255, 0, 0), (0, 200, 0), (0, 0, 100)
    assert np.array_equal(
        decode_png(encode(frame, "P")), np.asarray(Image.fromarray(frame).convert("P").convert("RGB"))
    )


def png_of(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG written by hand, rows with their filter bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bits_are_rounded() -> None:
    codes = np.array([[0, 128, 129, 257, 65535, 65535 - 129, 300, 1000, 40000]], np.uint16).reshape(1, 3, 3)
    data = png_of(3, 1, 16, 2, b"\0" + codes.astype(">u2").tobytes())
    assert np.array_equal(decode_png(data), np.floor(codes / 257 + 0.5).astype(np.uint8))
    gray = png_of(3, 1, 16, 0, b"\0" + codes[0, :, 0].astype(">u2").tobytes())
    assert np.array_equal(decode_png(gray)[..., 1], np.floor(codes[..., 0] / 257 + 0.5))


def test_opaque_alpha_is_dropped_and_other_is_refused(random_frames, encode) -> None:
    frame = random_frames(1)[0]
    alpha = np.full(frame.shape[:2], 255, np.uint8)
    assert np.array_equal(decode_png(encode(np.dstack([frame, alpha]))), frame)
    alpha[3, 4] = 254
    with pytest.raises(ValueError, match="transparent"):
        decode_png(encode(np.dstack([frame, alpha])))


def test_a_note_on_orientation_does_not_turn_the_frame(random_frames) -> None:
    frame = random_frames(1)[0]
    image, stream = Image.fromarray(frame), io.BytesIO()
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(stream, "png", exif=exif, pnginfo=PngImagePlugin.PngInfo())
    assert np.array_equal(decode_png(stream.getvalue()), frame)


def test_any_cut_is_an_error(encode, random_frames) -> None:
    data = encode(random_frames(1)[0])
    for length in range(len(data)):
        with pytest.raises(ValueError):
            decode_png(data[:length])


def test_any_altered_byte_is_an_error(encode, random_frames) -> None:
    data = encode(random_frames(1, 4, 5)[0])
    for place in range(len(data)):
        damaged = data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]
        with pytest.raises(ValueError):
            decode_png(damaged)


def test_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ValueError, match="100000 x 100000 pixels"):
        decode_png(png_of(100_000, 100_000, 8, 2, b"\0"))
    assert png.MAX_PIXELS < 10**10
