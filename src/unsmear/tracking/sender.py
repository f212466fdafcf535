"""The process that sends one journal: ``python -m unsmear.tracking.sender``, started by the job.

Its standard input carries the task, later the word ``finish``, and ends when the parent ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from unsmear.tracking.config import TrackingConfig


def main() -> None:
    """Send what the journal holds until told to finish; end at once if the parent is gone."""
    parent = os.getppid()
    task = json.loads(sys.stdin.readline() or "null")
    if task is None:
        return
    finishing = threading.Event()
    threading.Thread(target=_watch_parent, args=(parent, finishing), daemon=True).start()
    # The job's other children may hold a copy of the pipe, so that it does not end with the job.
    threading.Thread(target=_watch_parent_id, args=(parent,), daemon=True).start()
    config = TrackingConfig(**task["config"])
    if config.send == "background" and not finishing.wait(config.interval_s):
        # The job goes on computing. A shorter one waits for this process by now, which then needs its priority:
        # once lowered, it cannot be raised again.
        os.nice(19)

    from unsmear.tracking.sync import send_until_finished

    synced = send_until_finished(config, Path(task["root"]), Path(task["directory"]), finishing)
    sys.stderr.flush()
    os._exit(0 if synced else 3)


def _watch_parent(parent: int, finishing: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "finish":
            finishing.set()
    if not finishing.is_set() or os.getppid() != parent:
        os._exit(4)


def _watch_parent_id(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(1.0)
    os._exit(4)


if __name__ == "__main__":
    main()
