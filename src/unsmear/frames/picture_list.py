"""The numbered pictures of a folder, in their order."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from unsmear.files import is_ignored
from unsmear.frames.numbering import check_doubles, describe_gaps, find_gaps, whole_groups

SUFFIXES = {".png", ".jpg", ".jpeg"}
MAX_GAPS = 0.1
_NUMBER = re.compile(r"(\d+)\D*$")


def list_pictures(folder: str | Path, num_frames: int, max_frames: int | None = None) -> list[Path]:
    """Pictures of a folder in the order of their numbers, whole groups alone where some are missing.

    The last digits of a name are its number: 47 of `000047.png`, `frame_0047.jpg` and `GOPR0372-47_left.png`.

    Raises
    ------
    ValueError
        If a number comes twice, or more than a tenth of the numbers do not follow the one before.
    """
    frames, unnumbered = [], []
    for path in Path(folder).iterdir():
        if path.suffix.lower() in SUFFIXES and not is_ignored(path.name):
            match = _NUMBER.search(path.stem)
            frames.append((int(match[1]), path)) if match else unnumbered.append(path.name)
    if unnumbered:
        text = f"{folder}: {len(unnumbered)} pictures without a number are left out: "
        warnings.warn(text + ", ".join(sorted(unnumbered)[:4]), stacklevel=2)
    frames.sort()
    numbers = [number for number, _ in frames]
    check_doubles(numbers, str(folder))
    frames, numbers = frames[:max_frames], numbers[:max_frames]
    gaps = find_gaps(numbers)
    if len(gaps) > max(1, MAX_GAPS * len(numbers)):
        raise ValueError(
            f"{folder}: numbers are missing at {len(gaps)} places among {len(numbers)} frames "
            f"({describe_gaps(numbers)}), so that these do not follow each other in time; give all frames, or renumber "
            "them if none is missing"
        )
    kept = whole_groups(len(frames), gaps, num_frames)
    if gaps:
        warnings.warn(
            f"{folder}: frames are missing at {len(gaps)} places ({describe_gaps(numbers)}); groups are cut there, and "
            f"{len(kept)} of {len(frames)} frames are used",
            stacklevel=2,
        )
    return [frames[index][1] for index in kept]
