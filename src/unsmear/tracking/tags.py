"""Tags of runs that have ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unsmear.tracking.background import BackgroundSender
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.destination import resolve_destination
from unsmear.tracking.journal import FILE_NAME, Journal, read_entries
from unsmear.tracking.secrets import redact
from unsmear.tracking.state import renew_summary, summarise


def read_tags(directory: str | Path) -> dict[str, str]:
    """Tags of the run that is recorded in ``directory``; none where no run is."""
    tags: dict[str, str] = {}
    path = Path(directory) / FILE_NAME
    for record, _ in read_entries(path) if path.exists() else ():
        if record["kind"] == "tags":
            tags |= record["values"]
    return tags


def tag_run(
    config: TrackingConfig | Mapping[str, Any], root: str | Path, directory: str | Path, tags: Mapping[str, str]
) -> None:
    """Add tags to a run that has ended, which leaves it ended; nothing happens where no run is recorded.

    Parameters
    ----------
    config : the `tracking` section of the configuration, or its values
    root : results folder
    directory : folder of the run
    """
    config, directory = TrackingConfig.model_validate(config), Path(directory)
    if not config.enabled or not (directory / FILE_NAME).exists():
        return
    journal = Journal(directory / FILE_NAME)
    journal.append({"kind": "tags", "values": {name: redact(value) for name, value in tags.items()}})
    journal.close()
    destination = resolve_destination(config, Path(root))
    if config.send != "later" and not destination.is_unsafe_here:
        BackgroundSender(config, Path(root), directory).finish(destination.patience * config.finish_wait_s)
    renew_summary(directory, summarise(directory, destination.public))
