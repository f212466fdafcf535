"""Following the journals of a workflow and sending them: ``python -m unsmear.tracking.follow results``.

One process does this for all jobs, wherever they run. Its standard input carries the `tracking` section as JSON,
and a further line, or its end, says that the workflow is over. It imports mlflow once there is something to send.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import unsmear
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.secrets import warn
from unsmear.tracking.upload import Uploader

# Low, but enough for some tenths of a second of work in each interval on busy cores.
_NICENESS = 10


class Follower:
    """The following process, seen from the workflow that starts and ends it; nothing that fails here fails that."""

    def __init__(self, config: TrackingConfig, root: str | Path) -> None:
        self._config, self._root = config, Path(root)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to follow, unless records are to be sent later."""
        if self._config.enabled and self._config.send == "background":
            self._start()

    def finish(self) -> None:
        """Have everything sent, for ``finish_wait_s`` seconds at most."""
        if not self._config.enabled or self._config.send == "later":
            return
        if self._process is None or self._process.poll() is not None:
            self._start()
        if self._process is not None:
            try:
                self._process.communicate(b"finish\n", self._config.patience_s + 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process is None or self._process.returncode != 0:
            warn("records wait in the journals; `snakemake sync_tracking` sends them")

    def _start(self) -> None:
        source = str(Path(unsmear.__file__).resolve().parents[1])
        settings = {
            "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")])),
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_NUM_THREADS": "1",
        }
        with contextlib.suppress(OSError):  # it cannot start, or has died: finish() tries again
            # Its own group: Ctrl-C in a terminal ends the jobs, and what they have said is sent then.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "unsmear.tracking.follow", str(self._root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **settings},
                process_group=0,
            )
            assert self._process.stdin is not None
            # Through the pipe: command lines are public on a shared machine.
            self._process.stdin.write(self._config.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()


class SyncReport(NamedTuple):
    """What a synchronisation found and left."""

    num_runs: int
    pending: list[Path]  # folders of runs that are not fully sent


def sync(config: TrackingConfig | Mapping[str, Any], root: str | Path, attempts: int = 4) -> SyncReport:
    """Send once whatever has not arrived, also to a store that was lost, moved or emptied.

    A run whose job ended without a word is marked KILLED.

    Parameters
    ----------
    config : the `tracking` section of the configuration, or its values
    root : results folder
    attempts : how often it is tried, with growing pauses
    """
    config = TrackingConfig.model_validate(config)
    if not config.enabled:
        return SyncReport(0, [])
    uploader = Uploader(config, Path(root))
    for attempt in range(1, attempts + 1):
        try:
            uploader.send(is_over=True, verify=True)
            break
        except Exception as error:
            if attempt == attempts:
                warn(explain(error))
            else:
                time.sleep(pause_s(attempt, longest=8.0))
    return SyncReport(len(uploader.runs) + len(uploader.broken), uploader.broken + uploader.find_pending())


def follow(config: TrackingConfig, root: Path, finishing: threading.Event) -> bool:
    """Send journals as they grow until ``finishing`` is set and all is sent; False if that takes too long."""
    uploader, failures, deadline = Uploader(config, root), 0, float("inf")
    while time.monotonic() < deadline:
        is_last = finishing.is_set()
        if is_last and deadline == float("inf"):
            deadline = time.monotonic() + config.patience_s
        try:
            pending = uploader.send(is_over=is_last)
        except Exception as error:
            if failures == 0:
                warn(f"{explain(error)}; jobs go on, records wait in their journals")
            failures += 1
        else:
            failures = 0
            if is_last and not pending:
                return True
        if uploader.store is not None:
            os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
        if is_last:
            time.sleep(min(pause_s(failures, longest=2.0), max(0.0, deadline - time.monotonic())))
        else:
            finishing.wait(pause_s(failures) if failures else config.interval_s)
    return False


def pause_s(failures: int, longest: float = 60.0) -> float:
    """Seconds to wait after a number of failures in a row: doubling, with some chance in it."""
    return min(longest, 0.25 * 2.0 ** min(failures, 10)) * random.uniform(0.75, 1.25)


def explain(error: Exception) -> str:
    """One line for a person about what a store or the way to it has failed at."""
    if "Invalid Host header" in str(error):
        return (
            "the tracking server refuses the host name in tracking.uri (403, Invalid Host header): start it with "
            "--allowed-hosts and that name, see docs/tracking.md"
        )
    line = next(iter(str(error).strip().splitlines()), "")
    return f"the tracking store is not available ({type(error).__name__}: {line[:300]})"


def wait_for_end(finishing: threading.Event) -> None:
    """Set ``finishing`` when standard input has a line or ends, or the workflow that started this process is gone."""
    parent = os.getppid()
    # Other children of the workflow may hold a copy of the pipe, so that it does not end with it.
    while os.getppid() == parent and not select.select([sys.stdin], [], [], 1.0)[0]:
        pass
    finishing.set()


def main() -> None:
    """Follow the journals of the folder that the command line names until the workflow is over."""
    finishing = threading.Event()
    config = TrackingConfig.model_validate_json((not sys.stdin.isatty() and sys.stdin.readline()) or "{}")
    threading.Thread(target=wait_for_end, args=(finishing,), daemon=True).start()
    os._exit(0 if follow(config, Path(sys.argv[1]), finishing) else 1)


if __name__ == "__main__":
    main()
