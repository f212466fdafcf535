"""Augmentation of a batch on its device."""

from __future__ import annotations

import torch
from torch import Tensor


def turn_pictures(pictures: Tensor, turn: Tensor, flips: bool, turns: bool) -> Tensor:
    """Mirror and transpose each sample as its flags say.

    A picture that a camera recorded stays one that it could have recorded only where its PSFs
    look the same mirrored and turned.

    Parameters
    ----------
    pictures : (B, ..., S, S)
    turn : (B, 3) bool: mirror left and right, mirror top and bottom, transpose
    flips, turns : which of them are in use; a transposition with the mirrors gives 90-degree turns
    """
    shape = (-1, *(1,) * (pictures.ndim - 1))
    if flips:
        pictures = torch.where(turn[:, 0].reshape(shape), pictures.flip(-1), pictures)
        pictures = torch.where(turn[:, 1].reshape(shape), pictures.flip(-2), pictures)
    if turns:
        pictures = torch.where(turn[:, 2].reshape(shape), pictures.transpose(-1, -2), pictures)
    return pictures


def add_noise(blurry: Tensor, deviation: float, seed: int, step: int) -> Tensor:
    """Add Gaussian noise that depends on seed and step alone, and clip to [0, 1].

    Parameters
    ----------
    blurry : (B, 3, S, S), full scale 1
    deviation : standard deviation, full scale 1
    """
    if deviation == 0:
        return blurry
    generator = torch.Generator(blurry.device).manual_seed((seed * 1_000_003 + step) % 2**63)
    noise = torch.randn(blurry.shape, generator=generator, device=blurry.device)
    return (blurry + deviation * noise).clamp(0, 1)
