"""One video file to one frame store."""

from __future__ import annotations

import warnings
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from av.video.reformatter import Colorspace, Interpolation

from unsmear.frames.clock import find_dropped
from unsmear.frames.numbering import whole_groups
from unsmear.frames.repeats import Repeats
from unsmear.frames.store import create_store
from unsmear.frames.video import check_usable, decode_frames, open_video, pixel_aspect, stored_shape

UNSPECIFIED_COLORSPACE = 2
# The quick conversion truncates, which darkens by half a code; this one rounds.
EXACT = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND
# After so many frames a variable rate is noticed, instead of at the end.
FIRST_LOOK = 60


def extract_video(
    video: str | Path,
    output: str | Path,
    max_frames: int | None = None,
    max_height: int | None = None,
    num_frames: int = 7,
) -> None:
    """Decode a video into a store, (T, H, W, 3) uint8 RGB, upright, with square pixels.

    Frames must follow each other evenly in time, as one exposure is the mean of consecutive ones. Where
    some were dropped, the whole groups between the gaps are kept, and a warning counts the gaps.

    Parameters
    ----------
    num_frames : frames of a group

    Raises
    ------
    ValueError
        If the file cannot be read or is of a kind that cannot be used, has no frame, changes its size, has
        a variable frame rate, or repeats more than half of its frames.
    """
    times: list[int | None] = []
    repeats = Repeats(str(video))
    with open_video(video) as (container, stream):
        frames = decode_frames(container, stream, video, max_frames)
        first = next(frames, None)
        if first is None:
            raise ValueError(f"{video}: no frame can be decoded; remove or repair the file")
        check_usable(first, video)
        shape = stored_shape(first, pixel_aspect(stream), max_height)
        with create_store(output, (None, *shape, 3)) as store:
            for index, frame in enumerate(chain([first], frames)):
                wanted = stored_shape(frame, pixel_aspect(stream), max_height)
                if wanted != shape:
                    raise ValueError(
                        f"{video}: frame {index + 1} has {wanted[1]} x {wanted[0]} pixels, the first "
                        f"{shape[1]} x {shape[0]}; cut the video where its size changes"
                    )
                check_usable(frame, video)
                image = upright_rgb(frame, shape)
                repeats.add(image)
                store[index] = image
                times.append(frame.pts)
                if len(times) == FIRST_LOOK:
                    find_dropped(times, stream.time_base, video)
            gaps = find_dropped(times, stream.time_base, video)
            if gaps:
                kept = whole_groups(len(times), gaps, num_frames)
                if not kept:
                    raise ValueError(
                        f"{video}: frames are missing at {len(gaps)} places, and nowhere between are there "
                        f"{num_frames} in a row; record the video anew"
                    )
                store.keep(kept)
                warnings.warn(
                    f"{video}: frames are missing at {len(gaps)} places (the first after frame {gaps[0]}); groups are "
                    f"cut there, and {len(kept)} of {len(times)} frames are used",
                    stacklevel=2,
                )
            repeats.check()


def upright_rgb(frame: Any, shape: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a decoded frame, turned as the file asks, of ``shape``; see `stored_shape`."""
    colours = frame.colorspace
    if colours == UNSPECIFIED_COLORSPACE:
        # What players assume: BT.709 from HD up, BT.601 below.
        colours = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    image = frame.to_ndarray(format="rgb24", src_colorspace=colours, interpolation=EXACT)
    turns = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    if angle := frame.rotation % 360:
        image = cv2.rotate(image, turns[angle])
    if image.shape[:2] != shape:
        image = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image)
