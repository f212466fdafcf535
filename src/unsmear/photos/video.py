"""Frames as a film: H.264 that phones play, GIF and animated WebP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.files import write_atomically

MAX_SIDE = 1920
ANIMATION_SIDE = 800
# Smaller pictures are enlarged, pixel by pixel, so that one sees something.
MIN_SIDE = 320
EXPOSURE_S = 0.75
VIDEO_S = 4.0
AVX_512F = 13  # in OpenCV's enumeration of processors' features, whose names Python lacks


def fit(frame: np.ndarray, longest: int = MAX_SIDE, shortest: int = MIN_SIDE) -> np.ndarray:
    """Reduce a frame (H, W, 3) to a longer side of ``longest`` px, or repeat its pixels to about ``shortest`` px."""
    import cv2

    height, width = frame.shape[:2]
    side = max(height, width)
    if side > longest:
        size = (max(1, round(width * longest / side)), max(1, round(height * longest / side)))
        return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    factor = max(1, min(round(shortest / side), longest // side))
    return frame.repeat(factor, axis=0).repeat(factor, axis=1)


def back_and_forth(number: int) -> list[int]:
    """Indices of one way there and back, the ends once."""
    return [*range(number), *range(number - 2, 0, -1)]


def write_film(frames: Sequence[np.ndarray], output: str | Path, longest: int = MAX_SIDE) -> None:
    """Write frames (H, W, 3) uint8 back and forth, some seconds long, as H.264 in an MP4."""
    small = [_even(fit(frame, longest)) for frame in frames]
    order = back_and_forth(len(small))
    rate = Fraction((len(small) - 1) / EXPOSURE_S).limit_denominator(100)
    rounds = max(1, round(VIDEO_S * float(rate) / len(order)))
    write_h264((small[index] for index in order * rounds), output, rate)


def write_h264(pictures: Iterable[np.ndarray], output: str | Path, rate: Fraction) -> None:
    """Write pictures (H, W, 3) uint8 with even sides as H.264, with its index in front.

    Pixels are yuv420p and the index comes first: what every browser and phone plays while it loads.
    """
    import av
    import cv2

    with (
        write_atomically(output) as temporary,
        av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container,
    ):
        stream = container.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast", "threads": "1"}
        if cv2.checkHardwareSupport(AVX_512F):
            # By AVX-512 x264 now and then writes other bytes for the same pictures, on machines with other work.
            stream.options |= {"x264-params": "asm=AVX2"}
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_animation(frames: Sequence[np.ndarray], output: str | Path, longest: int = ANIMATION_SIDE) -> None:
    """Write frames (H, W, 3) uint8 back and forth as a GIF or WebP (by suffix) that plays for ever."""
    from PIL import Image

    images = [Image.fromarray(fit(frame, longest)) for frame in frames]
    tick = max(20, round(1000 * EXPOSURE_S / max(1, len(images) - 1)))
    options: dict[str, Any] = {"duration": tick, "loop": 0}
    if Path(output).suffix == ".gif":
        images = share_palette(images)
        options["disposal"] = 1
    else:
        options["quality"] = 85
    order = [images[index] for index in back_and_forth(len(images))]
    with write_atomically(output) as temporary:
        order[0].save(temporary, save_all=True, append_images=order[1:], **options)


def share_palette(images: Sequence[Any]) -> list[Any]:
    """The pictures in one palette of 256 colours for all: separate ones flicker."""
    from PIL import Image

    stacked = np.concatenate([np.asarray(image) for image in images])
    palette = Image.fromarray(stacked).quantize(256, method=Image.Quantize.MEDIANCUT)
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]


def _even(frame: np.ndarray) -> np.ndarray:
    """Sides that yuv420p can halve: an odd one is continued by its last pixel."""
    height, width = frame.shape[:2]
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
