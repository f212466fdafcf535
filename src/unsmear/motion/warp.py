"""Frames moved along displacement fields."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def warp_frames(frames: Tensor, motion: Tensor) -> Tensor:
    r"""Take each pixel of a frame from where it lies in another one.

    .. math:: y(p) = x(p + u(p))

    by bilinear interpolation; beyond the border its pixels go on.

    Parameters
    ----------
    frames : (B, C, H, W)
    motion : (B, 2, H, W) displacements u = (x, y), pixels

    Returns
    -------
    (B, C, H, W)
    """
    height, width = frames.shape[-2:]
    x = torch.arange(width, device=motion.device, dtype=motion.dtype) + motion[:, 0]
    y = torch.arange(height, device=motion.device, dtype=motion.dtype)[:, None] + motion[:, 1]
    # From pixel centres to -1 and 1 at the outer edges of the picture.
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return functional.grid_sample(frames, grid, padding_mode="border", align_corners=False)


def resize_motion(motion: Tensor, height: int, width: int) -> Tensor:
    """Sample fields (B, K, 2, h, w) on another grid over the same picture; displacements keep their unit."""
    if motion.shape[-2:] == (height, width):
        return motion
    resized = functional.interpolate(motion.flatten(0, 1), (height, width), mode="bilinear", align_corners=False)
    return resized.unflatten(0, motion.shape[:2])
