"""Which order of the true frames a prediction is compared with.

A standard camera records the same picture when the frames are reversed, so either order
may be right; a camera that writes time into the picture has one right order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from unsmear.losses.reconstruction import SampleLoss


def free_per_sample(loss: SampleLoss, predicted: Tensor, truth: Tensor) -> Tensor:
    """Smaller of the losses against the frames and against their reverse, one choice a picture.

    Parameters
    ----------
    predicted, truth : (B, K, 3, H, W), frames that mirror each other about the middle, in order

    Returns
    -------
    (B,)
    """
    return torch.minimum(loss(predicted, truth), loss(predicted, truth.flip(1)))


def free_per_pixel(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""Published order-free loss of a pair, which lets every pixel choose its own direction.

    .. math:: | |a + b| - |A + B| | + | |a - b| - |A - B| |

    averaged over each sample; a, b are the predictions and A, B the truth.

    Parameters
    ----------
    predicted, truth : (B, 2, 3, H, W)

    Returns
    -------
    (B,)

    Source: Jin, Meishvili, Favaro, CVPR 2018.
    """
    (a, b), (c, d) = predicted.unbind(1), truth.unbind(1)
    sums = ((a + b).abs() - (c + d).abs()).abs()
    differences = ((a - b).abs() - (c - d).abs()).abs()
    return (sums + differences).flatten(1).mean(dim=1)


def find_reversed(truth: Tensor, known: Mapping[int, Tensor], numbers: Sequence[int] | None = None) -> Tensor:
    """Whether the frozen frames of each sample run backwards.

    Parameters
    ----------
    truth : (B, K, 3, H, W), the whole group or some of its frames
    known : predicted frames, number (from 1) to (B, 3, H, W)
    numbers : of the true frames, ascending, each with its mirror image about the middle; None is 1 to K

    Returns
    -------
    (B,) bool: the known frames are nearer to the reversed truth
    """
    places = {number: place for place, number in enumerate(numbers or range(1, truth.shape[1] + 1))}
    forward = torch.zeros(len(truth), device=truth.device, dtype=truth.dtype)
    backward = torch.zeros_like(forward)
    for frame, picture in known.items():
        place = places[frame]
        forward += (picture - truth[:, place]).square().flatten(1).mean(dim=1)
        backward += (picture - truth[:, -1 - place]).square().flatten(1).mean(dim=1)
    return backward < forward


def reverse_samples(sequences: Tensor, reverse: Tensor) -> Tensor:
    """Reverse those samples of (B, K, ...) for which ``reverse``, (B,) bool, says so."""
    return torch.where(reverse.reshape(-1, *(1,) * (sequences.ndim - 1)), sequences.flip(1), sequences)
