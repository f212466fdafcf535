"""What stood still in a picture stays where it is in all frames.

A standard camera records the mean of the frames. Where the picture is the middle frame already, there was no motion,
whatever a network guesses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from unsmear.photos.bands import find_bands

# Shares are found on a grid of so many px, which takes a tenth of the time.
GRID = 4
# Standard deviation of the surroundings that a share is taken from, px; three of them are looked at.
SIGMA = 5.0
# Energy, full scale 1, below which a difference says nothing: a third of a code.
SMALLEST = 0.1 / 255**2
# A middle frame sharpened a little explains a tenth of any motion; one not quite sharp explains half of its own.
NONE, ALL = 0.1, 0.55


def records_mean(camera: Mapping[str, Any]) -> bool:
    """Whether pictures of a camera, as weights name it, are known to be the mean of the frames exposed in them."""
    return camera.get("name") == "standard" and all(abs(energy - 1) < 1e-6 for energy in camera["energy"])


def find_moved(blurry: Tensor, frames: Sequence[Tensor], middle: int) -> Tensor:
    r"""How much of the predicted motion the picture shows, at each pixel.

    With the picture y, the middle frame c and the mean b of the frames, the share of b - c that is found in y - c by
    least squares over the surroundings G:

    .. math:: s = \frac{G * (y - c)(b - c)}{G * (b - c)^2}

    Parameters
    ----------
    blurry : (B, 3, H, W), full scale 1, of a camera that records the mean of the frames
    frames : N of (B, 3, H, W)
    middle : index of the middle frame

    Returns
    -------
    (B, 1, H, W), from 0 where s is ``NONE`` or less to 1 where it is ``ALL`` or more
    """
    bands = [
        _compare(*(p[..., rows, :] for p in (blurry, *frames)), middle=middle) for rows in find_bands(blurry, GRID)
    ]
    sums = _blur(torch.cat(bands, dim=-2))
    share = ((sums[:, :1] + SMALLEST) / (sums[:, 1:] + SMALLEST)).sub_(NONE).div_(ALL - NONE).clamp_(0, 1)
    fine = functional.interpolate(share, scale_factor=GRID, mode="bilinear", align_corners=False)
    return fine[..., : blurry.shape[-2], : blurry.shape[-1]]


def keep_still(motion: dict[int, Tensor], moved: Tensor) -> None:
    """Shorten displacements, (B, 2, h, w) of each frame, in place, where the picture shows no motion."""
    coarse = moved
    for field in motion.values():
        height, width = field.shape[-2:]
        if coarse.shape[-2:] != (height, width):
            coarse = functional.adaptive_avg_pool2d(moved, (height, width))
        field.mul_(coarse.to(field.dtype))


def _compare(blurry: Tensor, *frames: Tensor, middle: int) -> Tensor:
    """Products of :func:`find_moved`, summed over colours, means of the grid: (B, 2, H / GRID, W / GRID)."""
    explained = frames[0].clone()
    for frame in frames[1:]:
        explained.add_(frame)
    explained.div_(len(frames)).sub_(frames[middle])
    found = ((blurry - frames[middle]) * explained).sum(dim=1, keepdim=True)
    maps = torch.cat([found, explained.square_().sum(dim=1, keepdim=True)], dim=1)
    return functional.avg_pool2d(maps, GRID, ceil_mode=True)


def _blur(maps: Tensor) -> Tensor:
    sigma = SIGMA / GRID
    radius = round(3 * sigma)
    places = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.softmax(-(places**2) / (2 * sigma**2), dim=0).repeat(maps.shape[1], 1, 1, 1)
    rows = functional.conv2d(maps, kernel, padding=(0, radius), groups=maps.shape[1])
    return functional.conv2d(rows, kernel.mT, padding=(radius, 0), groups=maps.shape[1])
