"""What belongs to one sequence that is to be evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class SequenceFiles:
    """Names and files of one sequence.

    ``frames`` and ``blur`` are the stores of its sharp frames and of one camera's pictures,
    ``output`` is the table to write.
    """

    split: str
    sequence: str
    frames: Path
    blur: Path
    output: Path

    @classmethod
    def from_record(cls, record: SequenceFiles | Mapping[str, str | Path]) -> SequenceFiles:
        """Accept a plain mapping with the same keys, as a workflow's params carry it."""
        if isinstance(record, SequenceFiles):
            return record
        return cls(
            split=str(record["split"]),
            sequence=str(record["sequence"]),
            frames=Path(record["frames"]),
            blur=Path(record["blur"]),
            output=Path(record["output"]),
        )


@dataclass(frozen=True)
class GroupPictures:
    """The pictures of one frame group: truth (N, H, W, 3) and blurry (H, W, 3), uint8 RGB."""

    group: int
    truth: np.ndarray
    blurry: np.ndarray


def read_group_pictures(files: SequenceFiles, groups: str | Path) -> Iterator[GroupPictures]:
    """The frame groups of one sequence with their pictures, in the order of the group table.

    Raises
    ------
    ValueError
        If the group table has no group of this split and sequence, or the blur store has another
        number of pictures.
    """
    from unsmear.frames.grouping import read_groups
    from unsmear.frames.store import open_store

    chosen = read_groups(groups, files.split, files.sequence)
    if not chosen:
        raise ValueError(
            f"{groups} has no group of sequence {files.sequence} in split {files.split}; "
            "check the split or group the frames again"
        )
    frames, blur = open_store(files.frames), open_store(files.blur)
    if len(blur) != len(chosen):
        raise ValueError(
            f"{files.blur} holds {len(blur)} pictures, {groups} names {len(chosen)} groups of sequence "
            f"{files.sequence}; render the sequence again"
        )
    for index, group in enumerate(chosen):
        yield GroupPictures(group.group, np.array(frames[group.frames]), np.array(blur[index]))


def channels_first(frames: np.ndarray) -> np.ndarray:
    """(..., H, W, 3) as contiguous (..., 3, H, W)."""
    return np.ascontiguousarray(np.moveaxis(frames, -1, -3))


def channels_last(frames: np.ndarray) -> np.ndarray:
    """(..., 3, H, W) as contiguous (..., H, W, 3)."""
    return np.ascontiguousarray(np.moveaxis(frames, -3, -1))


def batches(pictures: Iterator[GroupPictures], size: int) -> Iterator[Sequence[GroupPictures]]:
    """Cut an iterator into lists of ``size``."""
    batch: list[GroupPictures] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
