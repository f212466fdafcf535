"""A training in several processes, one for each GPU, started by ``torchrun``."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unsmear.training.interruption import SIGNALS
from unsmear.training.job import TrainingJob
from unsmear.training.orphans import end_with_parent

logger = logging.getLogger(__name__)


def train_in_processes(job: TrainingJob) -> None:
    """Train a job in ``config.gpus`` processes on this machine, each with its share of every batch.

    They read its ``job.json``. Without GPUs the processes share the CPU. What they say goes on to this
    process's log; SIGTERM and Ctrl-C are passed on to them, and they save the state.

    Raises
    ------
    ValueError
        If a process ended with an error; what it was stands in the log above.
    SystemExit
        If they were told to stop.
    """
    logger.info("%s trains in %d processes", job.run, job.config.gpus)
    source = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={job.config.gpus}"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1"]
    with subprocess.Popen(
        [*command, "-m", "unsmear.training", str(job.path)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        preexec_fn=end_with_parent,
    ) as process:
        assert process.stderr is not None
        with _passing_signals(process) as noted:
            for line in process.stderr:
                logger.info("%s", line.rstrip())
            code = process.wait()
    if noted:
        raise SystemExit(128 + noted[0])
    if code:
        raise ValueError(f"the training in {job.config.gpus} processes ended with code {code}; its messages are above")


@contextmanager
def _passing_signals(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    noted: list[int] = []

    def pass_on(number: int, frame: Any) -> None:
        noted.append(number)
        process.send_signal(signal.SIGTERM)

    # A job in the background of a shell is deaf to Ctrl-C and stays so.
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in heard}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
