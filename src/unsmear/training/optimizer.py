"""Optimizer, learning-rate schedule and exponential moving average of the weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from unsmear.training.config import Hparams
from unsmear.training.muon import Muon


def make_optimizer(network: nn.Module, hparams: Hparams) -> torch.optim.Optimizer:
    """Adam, AdamW or Muon over all parameters; one fused kernel does Adam's step."""
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    parameters = list(network.parameters())
    if hparams.optimizer == "muon":
        return Muon(parameters, hparams.learning_rate, hparams.betas, hparams.weight_decay)
    return kinds[hparams.optimizer](
        parameters,
        hparams.learning_rate,
        betas=hparams.betas,
        weight_decay=hparams.weight_decay,
        fused=parameters[0].device.type in ("cpu", "cuda"),
    )


def learning_rate(hparams: Hparams, step: int) -> float:
    """Learning rate of ``step`` (from 0): linear warm-up, then the schedule."""
    warmup = min(1.0, (step + 1) / (hparams.warmup_steps + 1))
    if hparams.schedule == "constant":
        return hparams.learning_rate * warmup
    return hparams.learning_rate * warmup * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / hparams.steps)))


class ExponentialMovingAverage:
    """Exponential moving average of a network's weights; early steps count less history."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._mean: list[Tensor] = list(self.network.parameters())
        self._last: list[Tensor] = list(network.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the network's weights after ``step`` (from 0)."""
        torch._foreach_lerp_(self._mean, self._last, 1 - min(self.decay, (1 + step) / (10 + step)))
