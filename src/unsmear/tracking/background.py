"""Starting and ending the process that sends a journal while its job runs.

A process and not a thread: importing mlflow holds the interpreter for more than a second, which a training
would feel. It has the lowest priority, no GPU, and ends when its parent does, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import unsmear
from unsmear.tracking.config import TrackingConfig


class BackgroundSender:
    """The sending process of one run, seen from the job."""

    def __init__(self, config: TrackingConfig, root: Path, directory: Path) -> None:
        self._task = {
            "config": config.model_dump(),
            "root": str(root.resolve()),
            "directory": str(directory.resolve()),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; if that fails, records wait in the journal."""
        environment = dict(os.environ)
        source = str(Path(unsmear.__file__).resolve().parents[1])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [source, environment.get("PYTHONPATH")]))
        environment |= {
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_NUM_THREADS": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "unsmear.tracking.sender"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=environment,
                # Its own group: Ctrl-C in a terminal ends the job, and the job then lets its sender finish.
                process_group=0,
            )
        except OSError:
            self._process = None
            return
        # The task travels through the pipe: command lines are public on a shared machine.
        self._tell(json.dumps(self._task))

    def finish(self, wait_s: float) -> None:
        """Have everything sent, for ``wait_s`` seconds at most."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        if self._process is None:
            return
        self._tell("finish")
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _tell(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has died: finish() starts another
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
