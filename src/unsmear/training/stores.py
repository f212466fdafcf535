"""The stores of one split: frame groups with their sharp frames, blurry pictures and motion, as memory maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from unsmear.frames.grouping import FrameGroup, cut_groups
from unsmear.frames.store import open_store
from unsmear.motion.store import STRIDE, check_motion, open_motion


@dataclass(frozen=True)
class SplitStores:
    """Frame groups of one split with the stores that hold them; sequence name to path."""

    groups: tuple[FrameGroup, ...]
    frames: Mapping[str, Path]
    blur: Mapping[str, Path]
    motion: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def open(
        cls, split: str, num_frames: int, frames: Sequence[Path], blur: Sequence[Path], motion: Sequence[Path] = ()
    ) -> SplitStores:
        """Gather the stores of a split and check that they belong together.

        Parameters
        ----------
        num_frames : frames of a group
        frames, blur, motion : stores ``{split}/{sequence}.npy``; those of other splits are passed over

        Raises
        ------
        ValueError
            If a sequence has no store, or its blur store does not match its frames.
        """
        frame_paths = {path.stem: path for path in frames if path.parent.name == split}
        blur_paths = {path.stem: path for path in blur if path.parent.name == split}
        motion_paths = {path.stem: path for path in motion if path.parent.name == split}
        groups: list[FrameGroup] = []
        for sequence in sorted(frame_paths):
            if sequence not in blur_paths:
                raise ValueError(f"sequence {split}/{sequence} has frames but no blur store; render it again")
            sharp, blurry = open_store(frame_paths[sequence]), open_store(blur_paths[sequence])
            found = cut_groups(split, sequence, len(sharp), num_frames)
            if blurry.shape != (len(found), *sharp.shape[1:]):
                raise ValueError(
                    f"{blur_paths[sequence]} has shape {blurry.shape}, but its frames give {len(found)} groups of "
                    f"{sharp.shape[1:]}; delete it, and it is rendered again"
                )
            if sequence in motion_paths:
                check_motion(motion_paths[sequence], len(found), num_frames, sharp.shape[1:3])
            groups += found
        if not groups:
            raise ValueError(f"no sequence of split {split} has a whole group of {num_frames} frames")
        return cls(tuple(groups), frame_paths, blur_paths, motion_paths)

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
