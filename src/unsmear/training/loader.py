"""Batches in a given order, read by any number of processes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch.utils.data import DataLoader

from unsmear.training.dataset import Batch, CropDataset
from unsmear.training.interruption import SIGNALS
from unsmear.training.orphans import end_with_parent


class BatchLoader:
    """Iterates over batches of samples; workers start by spawn and open the stores themselves.

    Parameters
    ----------
    batch_size : samples of a batch in this process
    order : numbers of the samples
    workers : processes that read; 0 reads here
    pin : whether batches lie in memory that a GPU copies from
    """

    def __init__(self, samples: CropDataset, batch_size: int, order: Sequence[int], workers: int, pin: bool) -> None:
        self._loader: DataLoader[Batch] = DataLoader(
            samples,
            batch_size=batch_size,
            sampler=order,
            num_workers=workers,
            multiprocessing_context="spawn" if workers else None,
            prefetch_factor=4 if workers else None,
            pin_memory=pin,
            collate_fn=_as_they_are,
            worker_init_fn=_prepare_worker if workers else None,
        )

    def __iter__(self) -> Iterator[Batch]:
        with _hidden_main():
            return iter(self._loader)


def _as_they_are(batch: Any) -> Any:
    return batch


def _prepare_worker(worker: int) -> None:
    end_with_parent()
    # The training process still needs batches until it has ended its step.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Keep new processes from importing the main module: the workflow's script would run its job once more."""
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    vars(main).pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(hidden)
