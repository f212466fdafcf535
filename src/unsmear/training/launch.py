"""A training in several processes, one for each GPU, started by ``torchrun``."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unsmear.cascade.spec import StageSpec
from unsmear.training.config import TrainingConfig
from unsmear.training.interruption import SIGNALS
from unsmear.training.orphans import end_with_parent

logger = logging.getLogger(__name__)


def train_in_processes(*, spec: StageSpec, config: TrainingConfig, threads: int = 1, **arguments: Any) -> None:
    """Train one stage in ``config.gpus`` processes on this machine, each with its share of every batch.

    Without GPUs the processes share the CPU. What they say goes on to this process's log; SIGTERM and
    Ctrl-C are passed on to them, and they save the state.

    Parameters are those of :func:`unsmear.training.train.train_here`.

    Raises
    ------
    ValueError
        If a process ended with an error; what it was stands in the log above.
    SystemExit
        If they were told to stop.
    """
    values = {
        **arguments,
        "spec": spec.model_dump(mode="json"),
        "config": config.model_dump(mode="json"),
        "threads": max(1, threads // config.gpus),
    }
    logger.info("%s trains in %d processes", arguments["run"], config.gpus)
    # The file is readable by its owner alone: an address of a tracking server may hold a password.
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(values, file, default=str)
        file.flush()
        source = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={config.gpus}"]
        command += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1"]
        with subprocess.Popen(
            [*command, "-m", "unsmear.training", file.name],
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
        raise ValueError(f"the training in {config.gpus} processes ended with code {code}; its messages are above")


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
