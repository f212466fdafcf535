"""Frame groups: the windows of consecutive sharp frames that one blurry image exposes."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from unsmear.files import write_atomically
from unsmear.frames.numbering import frame_index
from unsmear.frames.store import open_store

__all__ = ["FrameGroup", "cut_groups", "frame_index", "group_frames", "read_groups"]


@dataclass(frozen=True, order=True)
class FrameGroup:
    """Frames ``first_frame`` to ``first_frame + num_frames - 1`` of a sequence; all numbers from 1."""

    split: str
    sequence: str
    group: int
    first_frame: int
    num_frames: int

    @property
    def frames(self) -> slice:
        """Slice of the group's frames in the sequence's store."""
        start = frame_index(self.first_frame)
        return slice(start, start + self.num_frames)


_COLUMNS = [field.name for field in fields(FrameGroup)]


def cut_groups(split: str, sequence: str, length: int, num_frames: int) -> list[FrameGroup]:
    """Windows of ``num_frames`` frames of a sequence of ``length`` frames; what is left at its end is not used."""
    return [FrameGroup(split, sequence, k + 1, 1 + k * num_frames, num_frames) for k in range(length // num_frames)]


def group_frames(stores: Iterable[str | Path], num_frames: int, output_csv: str | Path) -> list[FrameGroup]:
    """Cut every store into windows of ``num_frames`` frames that do not overlap; write them as a table.

    Group g starts at frame ``1 + (g - 1) * num_frames``; frames left over at the end are not used.
    A store is `frames/{split}/{sequence}.npy`; its path gives split and sequence.

    Raises
    ------
    ValueError
        If ``num_frames`` is even or below 3, a store is torn, or no store holds a whole group.
    """
    if num_frames < 3 or num_frames % 2 == 0:
        raise ValueError(f"{num_frames} frames a group; choose an odd number from 3 up")
    groups, too_short = [], []
    for path in map(Path, stores):
        length = open_store(path).shape[0]
        groups += cut_groups(path.parent.name, path.stem, length, num_frames)
        if length < num_frames:
            too_short.append(f"{path.parent.name}/{path.stem}")
    if too_short:
        text = f"{len(too_short)} sequences have fewer than {num_frames} frames and are skipped: "
        warnings.warn(text + ", ".join(too_short[:8]), stacklevel=2)
    if not groups:
        raise ValueError(f"no sequence has {num_frames} frames; give longer ones or lower data.frames_per_group")
    groups.sort()
    with (
        write_atomically(output_csv) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(map(astuple, groups))
    return groups


def read_groups(path: str | Path, split: str | None = None, sequence: str | None = None) -> list[FrameGroup]:
    """Frame groups of a table, in order; of one split or sequence where given.

    Raises
    ------
    ValueError
        If the file is no such table; the line is named.
    """
    groups = []
    with Path(path).open(newline="", encoding="utf-8") as stream:
        reader = csv.reader(stream)
        header = next(reader, None)
        if header != _COLUMNS:
            raise ValueError(f"{path}: columns {header}, expected {_COLUMNS}; delete it and run again")
        for row in reader:
            try:
                group = FrameGroup(row[0], row[1], *map(int, row[2:]))
                frame_index(group.group), frame_index(group.first_frame)
            except (ValueError, TypeError, IndexError):
                raise ValueError(f"{path}, line {reader.line_num}: not a frame group: {row}") from None
            if split in (None, group.split) and sequence in (None, group.sequence):
                groups.append(group)
    return groups
