"""Samples of blurry pictures with their sharp frames, read from memory maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unsmear.frames.grouping import FrameGroup, cut_groups, frame_index
from unsmear.frames.store import open_store
from unsmear.motion.store import STRIDE, check_motion, open_motion

# Blurry, sharp, turns, and motion where it is asked for.
Batch = tuple[Tensor, ...]


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


class CropDataset(Dataset[Batch]):
    """Batches of random crops; sample ``index`` depends on the seed and the index alone.

    Every epoch visits each group once, in an order of its own.

    Parameters
    ----------
    stores : where the pictures are
    crop : side, pixels
    seed : of the run
    length : number of samples
    frames : numbers (from 1) of the sharp frames to read
    motion : whether to read the motion as well; crops then begin at even pixels
    """

    def __init__(
        self, stores: SplitStores, crop: int, seed: int, length: int, frames: Sequence[int], motion: bool = False
    ) -> None:
        self.stores, self.crop, self.seed, self.length, self.motion = stores, crop, seed, length, motion
        self.indices = [frame_index(frame) for frame in frames]
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))
        self._sizes = {g.sequence: stores.size(g) for g in stores.groups}
        for sequence, (height, width) in self._sizes.items():
            if crop > min(height, width):
                raise ValueError(
                    f"crop of {crop} pixels does not fit sequence {sequence} of {width} x {height}; "
                    f"set crop to at most {min(height, width)}"
                )

    def __len__(self) -> int:
        return self.length

    def group_of(self, index: int) -> FrameGroup:
        """Frame group that sample ``index`` is cut from."""
        epoch, position = divmod(index, len(self.stores.groups))
        if self._order[0] != epoch:
            order = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.stores.groups))
            self._order = (epoch, order)
        return self.stores.groups[self._order[1][position]]

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """Samples as one batch, each crop copied once, from the page cache into the batch.

        Returns
        -------
        blurry (B, c, c, 3) uint8, sharp (B, K, c, c, 3) uint8, and (B, 4) bool: whether the sample is to be
        mirrored left and right, top and bottom, transposed, and reversed in time; then, if asked for, motion
        (B, N, c / 2, c / 2, 2) float16
        """
        side = self.crop
        blurry = torch.empty(len(indices), side, side, 3, dtype=torch.uint8)
        sharp = torch.empty(len(indices), len(self.indices), side, side, 3, dtype=torch.uint8)
        turn, motion = np.empty((len(indices), 4), bool), []
        blurry_view, sharp_view = blurry.numpy(), sharp.numpy()
        for place, index in enumerate(indices):
            group = self.group_of(index)
            rng = np.random.default_rng([self.seed, 2, index])
            height, width = self._sizes[group.sequence]
            top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
            if self.motion:
                top, left = (value // STRIDE * STRIDE for value in (top, left))
            window = slice(top, top + side), slice(left, left + side)
            self.stores.read(group, *window, self.indices, blurry_view[place], sharp_view[place])
            turn[place] = rng.random(4) < 0.5
            if self.motion:
                motion.append(self.stores.read_motion(group, *window))
        batch = (blurry, sharp, torch.from_numpy(turn))
        return (*batch, torch.from_numpy(np.stack(motion))) if motion else batch

    def __getitem__(self, index: int) -> Batch:
        """One sample, as a batch of one."""
        return self.__getitems__([index])


class PictureDataset(Dataset[tuple[Tensor, ...]]):
    """Whole pictures of a split in their order, for validation, with the sharp frames of given numbers."""

    def __init__(self, stores: SplitStores, frames: Sequence[int], motion: bool = False) -> None:
        self.stores, self.motion = stores, motion
        self.indices = [frame_index(frame) for frame in frames]

    def __len__(self) -> int:
        return len(self.stores.groups)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Blurry (H, W, 3) and sharp (K, H, W, 3), uint8; with motion (N, H / 2, W / 2, 2) float16 if asked for."""
        group = self.stores.groups[index]
        height, width = self.stores.size(group)
        blurry = torch.empty(height, width, 3, dtype=torch.uint8)
        sharp = torch.empty(len(self.indices), height, width, 3, dtype=torch.uint8)
        whole = slice(None), slice(None)
        self.stores.read(group, *whole, self.indices, blurry.numpy(), sharp.numpy())
        if not self.motion:
            return blurry, sharp
        return blurry, sharp, torch.from_numpy(self.stores.read_motion(group, *whole).copy())
