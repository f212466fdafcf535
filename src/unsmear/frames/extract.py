"""One sequence of an archive to one frame store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unsmear.frames.archive import list_members, open_archive, read_member
from unsmear.frames.numbering import check_numbers
from unsmear.frames.png import decode_png
from unsmear.frames.repeats import Repeats
from unsmear.frames.store import create_store


def extract_sequence(
    archive: str | Path,
    part: str,
    sequence: str,
    output: str | Path,
    max_frames: int | None = None,
    max_height: int | None = None,
    num_frames: int = 7,
) -> None:
    """Decode one sequence of a zip in REDS layout into a store, (T, H, W, 3) uint8 RGB.

    Frames go one by one from the zip to the store: two are in memory at most. The CRC of each
    member and of each PNG chunk is checked. The store appears whole or not at all.

    Parameters
    ----------
    archive : zip file, or a video
    part : `train` or `val`, as in the members' paths; `video` for a video, see `extract_video`
    sequence : three digits
    output : the `.npy` to write
    max_frames : frames to take from the start; None takes all
    max_height : pixels, for videos: higher frames are scaled down
    num_frames : frames of a group, for videos: where frames are missing, whole groups are kept

    Raises
    ------
    ValueError
        For a missing sequence, one without frames, gaps or doubles in the numbers, an unreadable
        picture, frames of mixed sizes, or more than half of them repeated; it names archive, member or
        numbers, and what to do.
    """
    if part == "video":
        from unsmear.frames.extract_video import extract_video

        extract_video(archive, output, max_frames, max_height, num_frames)
        return
    with open_archive(archive) as opened:
        frames = list_members(opened, archive).get((part, sequence))
        members = check_numbers(frames, f"{archive}: sequence {part}/{sequence}")[:max_frames]
        frame = _decode(read_member(opened, members[0], archive), members[0], archive)
        shape, repeats = frame.shape, Repeats(f"{archive}: sequence {part}/{sequence}")
        repeats.add(frame)
        with create_store(output, (len(members), *shape)) as store:
            store[0] = frame
            for index, member in enumerate(members[1:], start=1):
                frame = _decode(read_member(opened, member, archive), member, archive)
                if frame.shape != shape:
                    raise ValueError(
                        f"{archive}: member {member} has {frame.shape[1]} x {frame.shape[0]} pixels, "
                        f"{members[0]} has {shape[1]} x {shape[0]}; all frames of a sequence must have one size"
                    )
                repeats.add(frame)
                store[index] = frame
            repeats.check()


def _decode(data: bytes, member: str, archive: str | Path) -> np.ndarray:
    try:
        return decode_png(data)
    except ValueError as error:
        raise ValueError(f"{archive}: the picture {member} {error}; fetch or pack it again") from None
