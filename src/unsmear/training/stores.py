"""The stores of one split: frame groups with their sharp frames, blurry pictures and motion, as memory maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from unsmear.frames.grouping import FrameGroup, cut_groups
from unsmear.frames.store import open_store
from unsmear.motion.store import STRIDE, check_motion, open_motion
from unsmear.training.sequences import SequenceStores


@dataclass(frozen=True)
class SplitStores:
    """Frame groups of one split with the stores that hold them; sequence name to path."""

    groups: tuple[FrameGroup, ...]
    frames: Mapping[str, Path]
    blur: Mapping[str, Path]
    motion: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def open(cls, split: str, num_frames: int, sequences: Iterable[SequenceStores]) -> SplitStores:
        """Gather the stores of a split and check that they belong together.

        Parameters
        ----------
        num_frames : frames of a group
        sequences : those of other splits are passed over

        Raises
        ------
        ValueError
            If a sequence's blur or motion does not match its frames, or there is no whole group.
        """
        chosen = {entry.sequence: entry for entry in sequences if entry.split == split}
        groups: list[FrameGroup] = []
        for name, entry in sorted(chosen.items()):
            sharp, blurry = open_store(entry.frames), open_store(entry.blur)
            found = cut_groups(split, name, len(sharp), num_frames)
            if blurry.shape != (len(found), *sharp.shape[1:]):
                raise ValueError(
                    f"{entry.blur} has shape {blurry.shape}, but its frames give {len(found)} groups of "
                    f"{sharp.shape[1:]}; delete it, and it is rendered again"
                )
            if entry.motion is not None:
                check_motion(entry.motion, len(found), num_frames, sharp.shape[1:3])
            groups += found
        if not groups:
            raise ValueError(f"no sequence of split {split} has a whole group of {num_frames} frames")
        return cls(
            tuple(groups),
            {name: Path(entry.frames) for name, entry in chosen.items()},
            {name: Path(entry.blur) for name, entry in chosen.items()},
            {name: Path(entry.motion) for name, entry in chosen.items() if entry.motion is not None},
        )

    @cached_property
    def _maps(self) -> dict[tuple[str, str], np.ndarray]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        # Memory maps are opened anew in a worker instead of being copied to it.
        return {key: value for key, value in self.__dict__.items() if key != "_maps"}

    def read(
        self,
        group: FrameGroup,
        rows: slice,
        columns: slice,
        indices: Sequence[int],
        blurry: np.ndarray,
        sharp: np.ndarray,
    ) -> None:
        """Copy a crop of one group: its blurry picture, and of its sharp frames those at ``indices``.

        Parameters
        ----------
        blurry : (h, w, 3) uint8 to write into
        sharp : (len(indices), h, w, 3) uint8 to write into
        """
        blurry[...] = self._map("blur", group.sequence)[group.group - 1, rows, columns]
        frames, first = self._map("frames", group.sequence), group.first_frame - 1
        for place, index in enumerate(indices):
            sharp[place] = frames[first + index, rows, columns]

    def read_motion(self, group: FrameGroup, rows: slice, columns: slice) -> np.ndarray:
        """Motion of one group in a crop, (N, h / 2, w / 2, 2) float16, pixels; the crop begins at even pixels.

        Raises
        ------
        ValueError
            If the sequence has no store of motion.
        """
        if group.sequence not in self.motion:
            raise ValueError(f"sequence {group.split}/{group.sequence} has no store of motion; estimate it first")
        fields = self._map("motion", group.sequence)[group.group - 1]
        found: np.ndarray = fields[
            :, *(slice(*(v and -(-v // STRIDE) for v in (s.start, s.stop))) for s in (rows, columns))
        ]
        return found

    def _map(self, kind: str, sequence: str) -> np.ndarray:
        found = self._maps.get((kind, sequence))
        if found is None:
            opener = open_motion if kind == "motion" else open_store
            # A plain view: slices of numpy's memory map class cost more than a small crop's copy.
            found = self._maps[kind, sequence] = np.asarray(opener(getattr(self, kind)[sequence]))
        return found

    def size(self, group: FrameGroup) -> tuple[int, int]:
        """Height and width of a group's pictures, pixels."""
        height, width = open_store(self.frames[group.sequence]).shape[1:3]
        return int(height), int(width)
