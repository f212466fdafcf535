"""Small videos that tests encode themselves."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np


def scene(count: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Frames whose corner patch says which frame it is, red on the left and blue on the right."""
    frames = np.zeros((count, height, width, 3), np.uint8)
    frames[:, :, : width // 2, 0] = 200
    frames[:, :, width // 2 :, 2] = 200
    for k in range(count):
        frames[k, :16, :16] = 8 * k % 256
    return frames


def write_video(
    path: Path,
    frames: np.ndarray,
    rate: int = 120,
    codec: str = "libx264",
    pts: list[int] | None = None,
    pixels: str = "yuv420p",
    options: Mapping[str, str] = MappingProxyType({}),
    metadata: dict[str, str] | None = None,
    **context: object,
) -> Path:
    """Encode frames as a small video; ``context`` sets properties of the codec, such as color_trc=16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"} if metadata else {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], pixels
        tick = Fraction(1, rate) if pts is None else Fraction(1, 1000)
        stream.codec_context.time_base = tick
        if codec == "libx264":
            stream.options = {"crf": "4", "preset": "ultrafast", **options}
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        for k, data in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(data, format="rgb24")
            frame.pts = k if pts is None else pts[k]
            frame.time_base = tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turn(path: Path, degrees_clockwise: int) -> None:
    """Write a rotation into the track header of an .mp4, as a phone does."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4
    assert data[place] == 0  # version 0: the matrix lies 40 bytes behind
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees_clockwise]
    one = 1 << 16
    matrix = struct.pack(">9i", cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 1 << 30)
    data[place + 40 : place + 76] = matrix
    path.write_bytes(data)
