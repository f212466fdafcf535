"""Samples of blurry pictures with their sharp frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from unsmear.frames.grouping import FrameGroup, frame_index
from unsmear.motion.store import STRIDE
from unsmear.training.stores import SplitStores

# Blurry, sharp, turns, and motion where it is asked for.
Batch = tuple[Tensor, ...]


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
