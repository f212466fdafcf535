"""What belongs to one sequence that is to be evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class SequenceFiles:
    """Names and files of one sequence.

    ``frames`` and ``blur`` are the stores of its sharp frames and of one camera's pictures.
    """

    split: str
    sequence: str
    frames: Path
    blur: Path

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
        )


@dataclass(frozen=True)
class GroupPictures:
    """The pictures of one frame group: truth (N, H, W, 3) and blurry (H, W, 3), uint8 RGB."""

    group: int
    truth: np.ndarray
    blurry: np.ndarray


def read_group_pictures(files: SequenceFiles, num_frames: int) -> Iterator[GroupPictures]:
    """The frame groups of one sequence with their pictures, in their order.

    Parameters
    ----------
    num_frames : frames of a group

    Raises
    ------
    ValueError
        If a store is of another split, the sequence is shorter than a group, or the blur store has another
        number of pictures than groups.
    """
    from unsmear.frames.grouping import cut_groups
    from unsmear.frames.store import open_store

    for path in (files.frames, files.blur):
        if path.parent.name in ("train", "val", "test") and path.parent.name != files.split:
            raise ValueError(f"{path} is of split {path.parent.name}, but sequence {files.sequence} of {files.split}")
    frames, blur = open_store(files.frames), open_store(files.blur)
    chosen = cut_groups(files.split, files.sequence, len(frames), num_frames)
    if not chosen:
        raise ValueError(f"{files.frames} holds {len(frames)} frames, a group needs {num_frames}")
    if len(blur) != len(chosen):
        raise ValueError(
            f"{files.blur} holds {len(blur)} pictures, but the frames of sequence {files.sequence} make up "
            f"{len(chosen)} groups; render the sequence again"
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
