"""One video file to one frame store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, Interpolation

from unsmear.frames.store import create_store

UNSPECIFIED_COLORSPACE = 2
# The quick conversion truncates, which darkens by half a code; this one rounds.
EXACT = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


@dataclass(frozen=True)
class VideoFacts:
    """What a file's header says: frames (about), frames a second, (height, width) as stored in the end."""

    num_frames: int
    rate: float
    shape: tuple[int, int]


@contextmanager
def _open_video(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """(container, video stream) of a file."""
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ValueError(f"{path}: not a readable video ({error.strerror or error})") from None  # type: ignore[union-attr]
    with container:
        if not container.streams.video:
            raise ValueError(f"{path}: there is no video in this file; remove it from the folder")
        yield container, container.streams.video[0]


def probe_video(path: str | Path, max_height: int | None = None) -> VideoFacts:
    """Read a video's header, and its first frame for size and rotation.

    Raises
    ------
    ValueError
        If the file is no readable video.
    """
    with _open_video(path) as (container, stream):
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        length = stream.frames
        if not length and rate:
            seconds = float(stream.duration * stream.time_base) if stream.duration else 0.0
            seconds = seconds or float(container.duration or 0) / av.time_base
            length = round(seconds * rate)
        try:
            frame = next(container.decode(stream))
        except (StopIteration, av.error.FFmpegError):
            raise ValueError(f"{path}: no frame can be decoded; remove or repair the file") from None
        height, width = frame.height, frame.width
        if frame.rotation % 180 == 90:
            height, width = width, height
        return VideoFacts(length, rate, _fit(height, width, max_height))


def count_frames(path: str | Path, limit: int) -> int:
    """Frames that can be decoded, counted up to ``limit``; headers of some files are wrong by a few.

    Raises
    ------
    ValueError
        If the file is no readable video, or is damaged before that.
    """
    with _open_video(path) as (container, stream):
        return sum(1 for _ in _decode(container, stream, path, limit))


def _fit(height: int, width: int, max_height: int | None) -> tuple[int, int]:
    if max_height is None or height <= max_height:
        return height, width
    return max_height, max(1, round(width * max_height / height))


def extract_video(
    video: str | Path, output: str | Path, max_frames: int | None = None, max_height: int | None = None
) -> None:
    """Decode a video into a store, (T, H, W, 3) uint8 RGB, upright.

    The rotation that the file asks for is applied. Frames must follow each other evenly in time, as
    one exposure is the mean of consecutive ones; a variable rate is refused.

    Raises
    ------
    ValueError
        If the file cannot be read, has no frame, changes its size, or has a variable frame rate.
    """
    clock = _Clock(video)
    with _open_video(video) as (container, stream):
        frames = _decode(container, stream, video, max_frames)
        first = next(frames, None)
        if first is None:
            raise ValueError(f"{video}: no frame can be decoded; remove or repair the file")
        image = _upright(first, max_height)
        clock.check(first, stream.time_base)
        with create_store(output, (None, *image.shape)) as store:
            store[0] = image
            for index, frame in enumerate(frames, start=1):
                clock.check(frame, stream.time_base)
                image = _upright(frame, max_height)
                if image.shape != store.shape[1:]:
                    raise ValueError(
                        f"{video}: frame {index + 1} has {image.shape[1]} x {image.shape[0]} pixels, the first "
                        f"{store.shape[2]} x {store.shape[1]}; cut the video where its size changes"
                    )
                store[index] = image


def _decode(container: Any, stream: Any, video: str | Path, max_frames: int | None) -> Iterator[Any]:
    count = 0
    try:
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise ValueError(f"{video}: frame {count + 1} is damaged; cut it off or repair the file")
            yield frame
            count += 1
            if count == max_frames:
                return
    except av.error.FFmpegError as error:
        raise ValueError(
            f"{video}: frame {count + 1} cannot be decoded ({error.strerror}); cut it off or repair the file"
        ) from None


def _upright(frame: Any, max_height: int | None) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a decoded frame, turned as the file asks, at most ``max_height`` high."""
    colours = frame.colorspace
    if colours == UNSPECIFIED_COLORSPACE:
        # What players assume: BT.709 from HD up, BT.601 below.
        colours = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    image = frame.to_ndarray(format="rgb24", src_colorspace=colours, interpolation=EXACT)
    turns = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    angle = frame.rotation % 360
    if angle:
        if angle not in turns:
            raise ValueError(f"the file asks for a turn by {angle} degrees; only quarter turns are known")
        image = cv2.rotate(image, turns[angle])
    height, width = _fit(image.shape[0], image.shape[1], max_height)
    if (height, width) != image.shape[:2]:
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image)


class _Clock:
    """Holds each frame's time against the first interval."""

    def __init__(self, video: str | Path) -> None:
        self._video = video
        self._last: int | None = None
        self._interval: int | None = None

    def check(self, frame: Any, time_base: Any) -> None:
        """Refuse a frame that does not follow the last one evenly; times may be rounded by one tick."""
        if frame.pts is None:
            return
        if self._last is not None:
            interval = frame.pts - self._last
            if self._interval is None:
                self._interval = interval
            if interval <= 0 or abs(interval - self._interval) > max(0.25 * self._interval, 1):
                milliseconds = 1000 * float(time_base)
                raise ValueError(
                    f"{self._video}: variable frame rate: at {frame.pts * milliseconds / 1000:.3f} s a frame comes "
                    f"after {interval * milliseconds:.2f} ms, the first after {self._interval * milliseconds:.2f} ms; "
                    "bring the video to a constant rate first (for example ffmpeg -i in.mp4 -fps_mode cfr out.mp4)"
                )
        self._last = frame.pts
