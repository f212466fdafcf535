"""Augmentation of a batch on its device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def turn_pictures(pictures: Tensor, turn: Tensor, mirror_x: bool, mirror_y: bool, transpose: bool) -> Tensor:
    """Mirror and transpose each sample as its flags say.

    A picture that a camera recorded stays one that it could have recorded only where its PSFs
    look the same mirrored or transposed.

    Parameters
    ----------
    pictures : (B, ..., S, S)
    turn : (B, 3 or more) bool: mirror left and right, mirror top and bottom, transpose
    mirror_x, mirror_y, transpose : which of them are in use; all three give every flip and 90-degree turn
    """
    if pictures.device.type == "cpu":
        return _turn_each(pictures, turn, mirror_x, mirror_y, transpose)
    if mirror_x:
        pictures = torch.where(_flags(turn, 0, pictures), pictures.flip(-1), pictures)
    if mirror_y:
        pictures = torch.where(_flags(turn, 1, pictures), pictures.flip(-2), pictures)
    if transpose:
        pictures = torch.where(_flags(turn, 2, pictures), pictures.transpose(-1, -2), pictures)
    return pictures


def _turn_each(pictures: Tensor, turn: Tensor, mirror_x: bool, mirror_y: bool, transpose: bool) -> Tensor:
    """One pass over memory, where a GPU would wait for the flags."""
    turned = np.empty(pictures.shape, pictures.numpy().dtype)
    for out, picture, (x, y, diagonal, *_) in zip(turned, pictures.numpy(), turn.tolist(), strict=True):
        picture = picture[..., ::-1] if mirror_x and x else picture
        picture = picture[..., ::-1, :] if mirror_y and y else picture
        out[...] = picture.swapaxes(-1, -2) if transpose and diagonal else picture
    return torch.from_numpy(turned)


def turn_motion(motion: Tensor, turn: Tensor, mirror_x: bool, mirror_y: bool, transpose: bool) -> Tensor:
    """Mirror and transpose displacement fields with their pictures: the places, and the directions.

    Parameters
    ----------
    motion : (B, ..., 2, S, S), x and y in pixels
    turn, mirror_x, mirror_y, transpose : as :func:`turn_pictures` takes them
    """
    motion = turn_pictures(motion, turn, mirror_x, mirror_y, transpose)
    signs = torch.ones(len(motion), 2, device=motion.device, dtype=motion.dtype)
    for axis, mirrored in enumerate((mirror_x, mirror_y)):
        if mirrored:
            signs[:, axis] = torch.where(turn[:, axis], -1, 1)
    motion = motion * signs.reshape(len(motion), *(1,) * (motion.ndim - 4), 2, 1, 1)
    return torch.where(_flags(turn, 2, motion), motion.flip(-3), motion) if transpose else motion


def reverse_frames(truth: Tensor, turn: Tensor) -> Tensor:
    """Reverse the true frames (B, K, ...), or their motion, of each sample whose fourth flag says so.

    Where the camera is symmetric in time the reversed frames give the same blurry picture.
    """
    return torch.where(_flags(turn, 3, truth), truth.flip(1), truth)


def add_noise(
    blurry: Tensor, deviation: float, seed: int, step: int, rows: slice | None = None, batch_size: int | None = None
) -> Tensor:
    """Add Gaussian noise that depends on seed and step alone, and clip to [0, 1].

    Parameters
    ----------
    blurry : (B, 3, S, S), full scale 1
    deviation : standard deviation, full scale 1
    rows, batch_size : which samples of how large a batch these are, where other processes have the rest
    """
    if deviation == 0:
        return blurry
    generator = torch.Generator(blurry.device).manual_seed((seed * 1_000_003 + step) % 2**63)
    shape = (batch_size or len(blurry), *blurry.shape[1:])
    noise = torch.randn(shape, generator=generator, device=blurry.device)[rows or slice(None)]
    return (blurry + deviation * noise.to(blurry.dtype)).clamp(0, 1)


def _flags(turn: Tensor, column: int, pictures: Tensor) -> Tensor:
    return turn[:, column].reshape(-1, *(1,) * (pictures.ndim - 1))
