"""Sides that a network can fold."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def pad_to_multiple(pictures: Tensor, stride: int) -> Tensor:
    """Extend (B, K, 3, H, W) right and bottom, by reflection, to sides that ``stride`` divides.

    A side too short to be reflected that far is continued by its last pixels.
    """
    height, width = pictures.shape[-2:]
    bottom, right = -height % stride, -width % stride
    if not bottom and not right:
        return pictures
    mode = "reflect" if bottom < height and right < width else "replicate"
    flat = functional.pad(pictures.flatten(1, 2), (0, right, 0, bottom), mode=mode)
    return flat.unflatten(1, pictures.shape[1:3])
