"""Samples of blurry pictures with their sharp frames, read from memory maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unsmear.frames.grouping import FrameGroup, cut_groups, frame_index
from unsmear.frames.store import open_store


@dataclass(frozen=True)
class SplitStores:
    """Frame groups of one split with the stores that hold them; sequence name to path."""

    groups: tuple[FrameGroup, ...]
    frames: Mapping[str, Path]
    blur: Mapping[str, Path]

    @classmethod
    def open(cls, split: str, num_frames: int, frames: Sequence[Path], blur: Sequence[Path]) -> SplitStores:
        """Gather the stores of a split and check that they belong together.

        Parameters
        ----------
        num_frames : frames of a group
        frames, blur : stores ``{split}/{sequence}.npy``; those of other splits are passed over

        Raises
        ------
        ValueError
            If a sequence has no store, or its blur store does not match its frames.
        """
        frame_paths = {path.stem: path for path in frames if path.parent.name == split}
        blur_paths = {path.stem: path for path in blur if path.parent.name == split}
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
            groups += found
        if not groups:
            raise ValueError(f"no sequence of split {split} has a whole group of {num_frames} frames")
        return cls(tuple(groups), frame_paths, blur_paths)

    @cached_property
    def _maps(self) -> dict[tuple[str, str], np.memmap]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        # Memory maps are opened anew in a worker instead of being copied to it.
        return {key: value for key, value in self.__dict__.items() if key != "_maps"}

    def read(self, group: FrameGroup, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
        """Crop of one group: blurry (h, w, 3) and sharp (N, h, w, 3), uint8 views of the maps."""
        for kind, paths in (("frames", self.frames), ("blur", self.blur)):
            if (kind, group.sequence) not in self._maps:
                self._maps[kind, group.sequence] = open_store(paths[group.sequence])
        blurry = self._maps["blur", group.sequence][group.group - 1, rows, columns]
        sharp = self._maps["frames", group.sequence][group.frames, rows, columns]
        return blurry, sharp

    def size(self, group: FrameGroup) -> tuple[int, int]:
        """Height and width of a group's pictures, pixels."""
        height, width = open_store(self.frames[group.sequence]).shape[1:3]
        return int(height), int(width)


class CropDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Random crops; sample ``index`` depends on the seed and the index alone.

    Every epoch visits each group once, in an order of its own.

    Parameters
    ----------
    stores : where the pictures are
    crop : side, pixels
    seed : of the run
    length : number of samples
    frames : numbers (from 1) of the sharp frames to read; None reads all
    """

    def __init__(
        self, stores: SplitStores, crop: int, seed: int, length: int, frames: Sequence[int] | None = None
    ) -> None:
        self.stores, self.crop, self.seed, self.length = stores, crop, seed, length
        self.indices = None if frames is None else [frame_index(frame) for frame in frames]
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

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Blurry (3, c, c) uint8, sharp (K, 3, c, c) uint8, and (3,) bool: mirror x, mirror y, transpose."""
        group = self.group_of(index)
        rng = np.random.default_rng([self.seed, 2, index])
        height, width = self._sizes[group.sequence]
        top, left = rng.integers(height - self.crop + 1), rng.integers(width - self.crop + 1)
        blurry, sharp = self.stores.read(group, slice(top, top + self.crop), slice(left, left + self.crop))
        if self.indices is not None:
            sharp = sharp[self.indices]
        turn = torch.from_numpy(rng.random(3) < 0.5)
        return _channels_first(blurry), _channels_first(sharp), turn


class PictureDataset(Dataset[tuple[Tensor, Tensor]]):
    """Whole pictures of a split in their order, for validation."""

    def __init__(self, stores: SplitStores) -> None:
        self.stores = stores

    def __len__(self) -> int:
        return len(self.stores.groups)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Blurry (3, H, W) and sharp (N, 3, H, W), uint8."""
        blurry, sharp = self.stores.read(self.stores.groups[index], slice(None), slice(None))
        return _channels_first(blurry), _channels_first(sharp)


def _channels_first(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pictures, -1, -3)))
