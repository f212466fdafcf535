"""Distances between predicted and true frames, one value a sample."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

SampleLoss = Callable[[Tensor, Tensor], Tensor]


def mse(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean squared difference of each sample, (B, ...) to (B,)."""
    return (predicted - truth).square().flatten(1).mean(dim=1)


def l1(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of each sample, (B, ...) to (B,)."""
    return (predicted - truth).abs().flatten(1).mean(dim=1)


def charbonnier(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""Mean of :math:`\sqrt{d^2 + \epsilon^2}`, :math:`\epsilon` = 0.001, of each sample, (B, ...) to (B,)."""
    return ((predicted - truth).square() + 1e-6).sqrt().flatten(1).mean(dim=1)


def log_mse(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""Negative PSNR up to a factor, :math:`\ln(\mathrm{mse} + 10^{-4})`, of each sample, (B, ...) to (B,).

    Every picture counts alike, however strong its contrast.
    """
    return torch.log(mse(predicted, truth) + 1e-4)


def fourier_l1(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""Mean magnitude of the difference's spectrum, :math:`|\mathcal{F}(\hat x - x)|`, (..., H, W) in samples to (B,).

    The transform is not normalised. Blur takes away fine detail, whose part in a mean over pixels is small;
    here every frequency counts alike.
    """
    return torch.fft.rfft2((predicted - truth).float()).abs().flatten(1).mean(dim=1).to(predicted.dtype)


RECONSTRUCTION_LOSSES: dict[str, SampleLoss] = {
    "mse": mse,
    "l1": l1,
    "charbonnier": charbonnier,
    "log_mse": log_mse,
}
