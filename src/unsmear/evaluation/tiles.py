"""Large pictures in overlapping tiles, where memory is short."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Network = Callable[["torch.Tensor", "torch.Tensor | None"], "torch.Tensor"]


def tile_starts(length: int, size: int, overlap: int) -> list[int]:
    """First pixels of the tiles that cover ``length`` px; the last tile ends with the picture."""
    if length <= size:
        return [0]
    step = size - overlap
    starts = list(range(0, length - size, step))
    return [*starts, length - size]


def over_tiles(
    network: Network, blurry: torch.Tensor, middle: torch.Tensor | None, size: int, overlap: int
) -> torch.Tensor:
    """Run ``network`` tile by tile and blend the overlaps with weights that fall linearly.

    Instance norm makes a tile's result differ from the whole picture's, and each tile may choose
    its own direction of time: use this only where the whole picture does not fit.

    Parameters
    ----------
    network : takes pictures (B, 3, h, w) and None or true middle frames, gives (B, N, 3, h, w)
    blurry : (B, 3, H, W)
    middle : None or (B, 3, H, W)
    size, overlap : side of the tiles and what neighbours share, px

    Returns
    -------
    (B, N, 3, H, W)
    """
    import torch

    height, width = blurry.shape[-2:]
    if max(height, width) <= size:
        return network(blurry, middle)
    total = weight_sum = None
    for top in tile_starts(height, size, overlap):
        for left in tile_starts(width, size, overlap):
            window = (..., slice(top, top + size), slice(left, left + size))
            frames = network(blurry[window], None if middle is None else middle[window])
            weight = _ramp(frames.shape[-2], overlap)[:, None] * _ramp(frames.shape[-1], overlap)
            weight = weight.to(frames.device, torch.float32)
            if total is None or weight_sum is None:
                total = torch.zeros(*frames.shape[:-2], height, width, device=frames.device)
                weight_sum = torch.zeros(height, width, device=frames.device)
            total[window] += frames.float() * weight
            weight_sum[window] += weight
    assert total is not None and weight_sum is not None
    return total / weight_sum


def _ramp(length: int, overlap: int) -> torch.Tensor:
    """Weights (length,) that rise over ``overlap`` px from each end, never zero."""
    import torch

    distance = torch.arange(length, dtype=torch.float32)
    from_edge = torch.minimum(distance, length - 1 - distance) + 1
    return (from_edge / (overlap + 1)).clamp(max=1)
