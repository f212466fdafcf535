"""All that a training has come to: what a saved state holds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch

from unsmear.cascade.stage import Stage
from unsmear.training.config import Hparams
from unsmear.training.metrics import MetricsTable
from unsmear.training.optimizer import ExponentialMovingAverage, make_optimizer


@dataclass
class TrainingState:
    """Weights, their exponential moving average, the optimizer's memory, the table of metrics, and how far it is.

    Parameters
    ----------
    step : steps done
    batch_size : samples a step, settled where the hyper-parameters leave it open
    skipped : steps in a row without a finite loss
    seconds_before : time that earlier sessions of the training took
    """

    stage: Stage
    average: ExponentialMovingAverage
    optimizer: torch.optim.Optimizer
    table: MetricsTable
    step: int = 0
    batch_size: int = 0
    skipped: int = 0
    seconds_before: float = 0.0
    _began: float = field(default_factory=time.monotonic, repr=False)

    @property
    def seconds(self) -> float:
        """Time that the training has taken so far, validation included."""
        return self.seconds_before + time.monotonic() - self._began

    @classmethod
    def begin(cls, stage: Stage, hparams: Hparams) -> TrainingState:
        """State before the first step."""
        return cls(
            stage, ExponentialMovingAverage(stage, hparams.ema_decay), make_optimizer(stage, hparams), MetricsTable()
        )

    @property
    def mean(self) -> Stage:
        """The stage with the moving average of the weights: what a training is for."""
        assert isinstance(self.average.network, Stage)
        return self.average.network

    def take_step(self, rate: float) -> None:
        """Move the weights by the gradients that are there, with that learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.average.update(self.step)
        self.step, self.skipped = self.step + 1, 0

    def skip_step(self) -> None:
        """Count a step whose loss was not finite; the weights stay."""
        self.step, self.skipped = self.step + 1, self.skipped + 1

    def capture(self) -> dict[str, Any]:
        """What :meth:`restore` takes: tensors and plain values alone."""
        return {
            "stage": self.stage.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rows": self.table.rows,
            "step": self.step,
            "batch_size": self.batch_size,
            "skipped": self.skipped,
            "seconds": self.seconds,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over a saved state."""
        self.stage.load_state_dict(saved["stage"])
        self.mean.load_state_dict(saved["mean"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.table = MetricsTable(saved["rows"])
        self.step, self.batch_size, self.skipped = (int(saved[k]) for k in ("step", "batch_size", "skipped"))
        self.seconds_before = float(saved["seconds"])
