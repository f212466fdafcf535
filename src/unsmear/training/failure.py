"""Trainings that cannot go on by their hyper-parameters' fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from unsmear.out_of_memory import is_out_of_memory
from unsmear.training.config import Hparams
from unsmear.training.state import TrainingState


class FailedTrainingError(ValueError):
    """The loss diverged or memory ran out; ``state`` is the last good one."""

    def __init__(self, message: str, state: TrainingState) -> None:
        super().__init__(message)
        self.state = state


@contextmanager
def explain_out_of_memory(hparams: Hparams, state: TrainingState, device: torch.device) -> Iterator[None]:
    """Turn torch's error for lack of memory into one that names what to lower.

    Raises
    ------
    FailedTrainingError
        If memory ran out inside the block.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        parts = f" in {hparams.accumulate} parts" if hparams.accumulate > 1 else ""
        size = state.batch_size or hparams.batch_size
        message = (
            f"out of memory on {device}: batch_size {size}{parts}, crop {hparams.crop} x {hparams.crop}; "
            "lower batch_size or crop, or raise accumulate"
        )
        raise FailedTrainingError(message, state) from error
