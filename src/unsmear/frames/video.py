"""Video files, as far as a plan looks: the right stream, its length, rate and size, and what cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from unsmear.frames.content import describe_content
from unsmear.frames.picture_size import fit_height

# Codes of ITU-T H.273, as decoders give them.
SDR_TRANSFERS = {0, 1, 2, 4, 5, 6, 7, 11, 12, 13, 14, 15}
TRANSFER_NAMES = {8: "linear light", 9: "logarithmic", 10: "logarithmic", 16: "HDR (PQ)", 17: "DCI", 18: "HDR (HLG)"}
MATRICES = {0, 1, 2, 4, 5, 6, 7, 9}
NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
CAPTURE_RATE = "com.android.capture.fps"


@dataclass(frozen=True)
class VideoFacts:
    """What a file's header says: frames (about), frames a second, (height, width) as stored in the end."""

    num_frames: int
    rate: float
    shape: tuple[int, int]


@contextmanager
def open_video(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """(container, video stream) of a file: of several the largest, cover art and thumbnails left aside.

    Raises
    ------
    ValueError
        If the file is no readable video.
    """
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = error.strerror or str(error)  # type: ignore[union-attr]
        raise ValueError(f"{path}: not a readable video {_say_content(Path(path), reason)}") from None
    with container:
        films = [stream for stream in container.streams.video if not stream.disposition & NO_FILM]
        if not films:
            still = "only a still picture" if container.streams.video else "no video"
            raise ValueError(f"{path}: there is {still} in this file; remove it from the folder")
        yield container, max(films, key=lambda stream: stream.width * stream.height)


def _say_content(path: Path, reason: str) -> str:
    try:
        with path.open("rb") as stream:
            content = describe_content(stream.read(512))
    except OSError:
        return f"({reason})"
    told = "film" not in content and "unknown" not in content
    return f"but {content}" if told else f"({reason})"


def probe_video(path: str | Path, max_height: int | None = None) -> VideoFacts:
    """Read a video's header, and its first frame for size and rotation.

    Raises
    ------
    ValueError
        If the file is no readable video, or of a kind that cannot be used.
    """
    with open_video(path) as (container, stream):
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
        check_usable(frame, path)
        return VideoFacts(
            length, _captured_rate(container) or rate, stored_shape(frame, pixel_aspect(stream), max_height)
        )


def _captured_rate(container: Any) -> float | None:
    """Frames a second at which a phone says that it took slow motion, where it says so."""
    try:
        return float(container.metadata.get(CAPTURE_RATE, "")) or None
    except ValueError:
        return None


def count_frames(path: str | Path, limit: int) -> int:
    """Frames that can be decoded, counted up to ``limit``; headers of some files are wrong by a few.

    Raises
    ------
    ValueError
        If the file is no readable video, or is damaged before that.
    """
    with open_video(path) as (container, stream):
        return sum(1 for _ in decode_frames(container, stream, path, limit))


def decode_frames(container: Any, stream: Any, video: str | Path, max_frames: int | None) -> Iterator[Any]:
    """Frames of a stream in their order, at most ``max_frames``.

    Raises
    ------
    ValueError
        If a frame is damaged or cannot be decoded.
    """
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


def check_usable(frame: Any, video: str | Path) -> None:
    """Refuse frames whose codes are no picture of one moment in standard dynamic range.

    Raises
    ------
    ValueError
        Naming the file, what it is, and how to bring it into a form that can be used.
    """
    if frame.interlaced_frame:
        raise ValueError(
            f"{video}: the video is interlaced, so that each frame mixes two moments; make a frame of each field "
            "first (ffmpeg -i in.mts -vf bwdif=mode=send_field out.mp4)"
        )
    if frame.color_trc not in SDR_TRANSFERS:
        kind = TRANSFER_NAMES.get(frame.color_trc, f"of transfer function {frame.color_trc} of H.273")
        raise ValueError(
            f"{video}: the video is {kind}, whose codes are not those of an ordinary picture; record in SDR, or "
            "convert it first (ffmpeg -i in.mov -vf zscale=t=linear:npl=100,tonemap=hable,"
            "zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv420p out.mp4)"
        )
    if frame.colorspace not in MATRICES:
        raise ValueError(
            f"{video}: colours of matrix {frame.colorspace} of H.273 cannot be read; convert them first "
            "(ffmpeg -i in.mp4 -vf zscale=m=bt709,format=yuv420p out.mp4)"
        )
    if frame.rotation % 90:
        raise ValueError(f"{video}: the file asks for a turn by {frame.rotation} degrees; only quarter turns are known")


def pixel_aspect(stream: Any) -> float:
    """Width of a pixel over its height; 1 where nothing is said, or nearly."""
    aspect = float(stream.sample_aspect_ratio or 1)
    return 1.0 if abs(aspect - 1) < 0.01 else aspect


def stored_shape(frame: Any, aspect: float, max_height: int | None) -> tuple[int, int]:
    """(height, width) in which a frame is stored: square pixels, upright, at most ``max_height`` high.

    Pixels become square by reducing the side along which they are denser.
    """
    height, width = frame.height, frame.width
    height, width = (round(height / aspect), width) if aspect > 1 else (height, round(width * aspect))
    if frame.rotation % 180 == 90:
        height, width = width, height
    return fit_height(max(1, height), max(1, width), max_height)
