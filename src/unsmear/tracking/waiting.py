"""What the end of a workflow does about records that its jobs had to leave: one process sends them all.

Jobs of a cluster write no SQLite file that several machines share, see :mod:`unsmear.tracking.destination`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.destination import resolve_destination
from unsmear.tracking.journal import find_journals, read_header
from unsmear.tracking.reporting import warn
from unsmear.tracking.state import read_state

_SOURCE = Path(__file__).resolve().parents[2]


def send_waiting(config: TrackingConfig | Mapping[str, Any], root: str | Path) -> None:
    """Send what waits for an SQLite store; anything else is left to the jobs and to ``sync_tracking``.

    A server is not waited for here, and nothing that fails here fails the workflow.

    Parameters
    ----------
    config : the `tracking` section of the configuration, or its values
    root : results folder
    """
    config, root = TrackingConfig.model_validate(config), Path(root)
    try:
        if not config.enabled or config.send == "later" or not _has_waiting(config, root):
            return
    except (OSError, ValueError) as error:
        warn(f"{error}")
        return
    # mlflow is not imported here: its process needs neither Snakemake's memory nor its logging.
    done = subprocess.run(
        [sys.executable, "-m", "unsmear.tracking.waiting"],
        input=json.dumps({"config": config.model_dump(), "root": str(root)}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_SOURCE), os.environ.get("PYTHONPATH", "")])},
        text=True,
        check=False,
    )
    if done.returncode:
        warn("records wait in the journals; `snakemake sync_tracking` sends them")


def _has_waiting(config: TrackingConfig, root: Path) -> bool:
    destination = resolve_destination(config, root)
    if destination.database_file is None:
        return False
    for journal in find_journals(root):
        state = read_state(journal.parent, read_header(journal)["key"], destination.public)
        if state.run_id is None or state.position < journal.stat().st_size:
            return True
    return False


def main() -> int:
    """Send every journal under the root that standard input names; 0 if all has arrived."""
    from unsmear.tracking.sync import sync_journals

    task = json.load(sys.stdin)
    return 0 if sync_journals(task["root"], TrackingConfig(**task["config"])).complete else 1


if __name__ == "__main__":
    sys.exit(main())
