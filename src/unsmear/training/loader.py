"""Batches in a given order, read by any number of processes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import queues
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from unsmear.training.dataset import Batch, CropDataset
from unsmear.training.interruption import SIGNALS
from unsmear.training.orphans import end_with_parent

SHARED = Path("/dev/shm")


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


@contextmanager
def tell_lost_workers(workers: int) -> Iterator[None]:
    """Turn torch's error about a dead worker, which may come at any moment, into one that says what to do.

    Raises
    ------
    ValueError
        If the memory of ``workers``, shared or their own, ran out.
    """
    try:
        yield
    except (RuntimeError, OSError) as error:
        reason = explain_lost_workers(f"{error} {error.__cause__ or ''}", workers)
        if reason is None:
            raise
        raise ValueError(reason) from error


def explain_lost_workers(message: str, workers: int) -> str | None:
    """What torch's message means where workers died for want of memory, and what to do; else None."""
    if any(sign in message for sign in ("Bus error", "shared memory", "/torch_", "No space left on device")):
        free = f"{shutil.disk_usage(SHARED).total / 1e6:.0f} MB" if SHARED.is_dir() else "absent"
        return (
            f"shared memory ({SHARED}, {free}) is too small for training.num_workers {workers}: batches go through it; "
            "give the container more (docker run --shm-size=2g), or set training.num_workers to 0"
        )
    if "is killed by signal: Killed" in message:
        return (
            f"the system killed a process that loads samples, most likely for want of memory; lower "
            f"training.num_workers ({workers}), or give the job more memory"
        )
    return None


def _end_undelivered(error: BaseException, batch: object) -> None:
    """End a worker whose batch could not be handed over: the training would wait for that batch for ever."""
    print(f"a batch could not be handed over: {error}", file=sys.stderr, flush=True)
    # As the system itself does where shared memory is given out before it is there.
    os.kill(os.getpid(), signal.SIGBUS)


def _as_they_are(batch: Any) -> Any:
    return batch


def _prepare_worker(worker: int) -> None:
    end_with_parent()
    queues.Queue._on_queue_feeder_error = staticmethod(_end_undelivered)  # type: ignore[attr-defined]
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
