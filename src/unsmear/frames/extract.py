"""One sequence of an archive, a video or a folder to one frame store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from zipfile import ZipFile

import cv2
import numpy as np

from unsmear.frames.archive import MAX_MEMBER_BYTES, list_members, open_archive, read_member
from unsmear.frames.numbering import check_numbers
from unsmear.frames.picture import decode_picture
from unsmear.frames.picture_list import list_pictures
from unsmear.frames.picture_size import fit_height
from unsmear.frames.png import decode_png
from unsmear.frames.repeats import Repeats
from unsmear.frames.store import create_store

GROUP = 7
Source = TypeVar("Source", str, Path)


def extract_sequence(
    archive: str | Path,
    part: str,
    sequence: str,
    output: str | Path,
    max_frames: int | None = None,
    max_height: int | None = None,
    num_frames: int | None = None,
    may_rest: bool = False,
) -> None:
    """Decode one sequence into a store, (T, H, W, 3) uint8 RGB.

    Frames go one by one from their source to the store: two are in memory at most. The CRC of each
    member and of each PNG chunk is checked. The store appears whole or not at all.

    Parameters
    ----------
    archive : zip file in REDS layout, video, or folder of pictures
    part : `train` or `val`, as in the members' paths; `video` or `folder`, see `extract_video` and `list_pictures`
    sequence : three digits, of a zip
    output : the `.npy` to write
    max_frames : frames to take from the start; None takes all
    max_height : pixels, for videos and folders: higher frames are scaled down
    num_frames : frames of a group, for videos and folders (7 by default): where frames are missing, whole groups
        are kept
    may_rest : whether any number of frames of a zip may repeat the one before: in built-in scenes nothing else does it
        than what stands still

    Raises
    ------
    ValueError
        For a missing sequence, one without frames, gaps or doubles in the numbers, an unreadable
        picture, frames of mixed sizes, or more than half of them repeated; it names archive, member or
        numbers, and what to do.
    """
    if part == "video":
        from unsmear.frames.extract_video import extract_video

        extract_video(archive, output, max_frames, max_height, num_frames or GROUP)
        return
    if part == "folder":
        pictures = list_pictures(archive, num_frames or GROUP, max_frames)
        if not pictures:
            raise ValueError(f"{archive} holds no {num_frames or GROUP} frames in a row; check the folder")
        _write_frames(output, pictures, lambda path: _read_picture(path, max_height), str(archive))
        return
    with open_archive(archive) as opened:
        frames = list_members(opened, archive).get((part, sequence))
        members = check_numbers(frames, f"{archive}: sequence {part}/{sequence}")[:max_frames]
        decode = partial(_decode_member, opened, archive)
        _write_frames(output, members, decode, f"{archive}: sequence {part}/{sequence}", may_rest)


def _write_frames(
    output: str | Path,
    sources: Sequence[Source],
    decode: Callable[[Source], np.ndarray],
    name: str,
    may_rest: bool = False,
) -> None:
    """Decode one source after the other, each (H, W, 3) uint8 of one size, into a store."""
    frame = decode(sources[0])
    height, width = frame.shape[:2]
    repeats = Repeats(name)
    repeats.add(frame)
    with create_store(output, (len(sources), height, width, 3)) as store:
        store[0] = frame
        for index, source in enumerate(sources[1:], start=1):
            frame = decode(source)
            if frame.shape[:2] != (height, width):
                raise ValueError(
                    f"{name}: {source} has {frame.shape[1]} x {frame.shape[0]} pixels, "
                    f"{sources[0]} has {width} x {height}; all frames of a sequence must have one size"
                )
            repeats.add(frame)
            store[index] = frame
        if not may_rest:
            repeats.check()


def _decode_member(opened: ZipFile, archive: str | Path, member: str) -> np.ndarray:
    data = read_member(opened, member, archive)
    try:
        return decode_png(data)
    except ValueError as error:
        raise ValueError(f"{archive}: the picture {member} {error}; fetch or pack it again") from None


def _read_picture(path: Path, max_height: int | None) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a PNG or JPEG file, at most ``max_height`` high."""
    try:
        if path.stat().st_size > MAX_MEMBER_BYTES:
            raise ValueError(f"has more than {MAX_MEMBER_BYTES} bytes, too many for a frame")
        image = decode_picture(path.read_bytes())
    except OSError as error:
        raise ValueError(f"the picture {path} cannot be read ({error.strerror}); check its permissions") from None
    except ValueError as error:
        raise ValueError(f"the picture {path} {error}; replace it, or remove it from the folder") from None
    size = fit_height(image.shape[0], image.shape[1], max_height)
    return image if size == image.shape[:2] else cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
