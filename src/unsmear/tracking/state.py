"""What has already been sent: kept beside each journal, so that sending can stop and go on anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unsmear.files import write_json
from unsmear.tracking.journal import FILE_NAME, lock_file, read_entries, read_header
from unsmear.tracking.outcome import KEYS as OUTCOME

FORMAT_VERSION = 1
FOLDER = ".tracking"


@dataclass(frozen=True)
class SyncState:
    """How far a journal has been sent to one destination."""

    key: str  # of the run, from the journal's header
    destination: str  # the store's address without credentials
    run_id: str | None = None
    position: int = 0  # bytes of the journal that have arrived
    refused: int = 0  # records that the store will never take


def read_state(directory: Path, key: str, destination: str) -> SyncState:
    """State of the journal in ``directory`` towards ``destination``; fresh if it was sent elsewhere.

    A state that is lost or unreadable costs a second sending only: a store keeps each record once.
    """
    try:
        stored = SyncState(**json.loads((directory / FOLDER / "state.json").read_text()))
    except (OSError, ValueError, TypeError):
        stored = None
    if stored is None or (stored.key, stored.destination) != (key, destination):
        return SyncState(key, destination)
    return stored


def write_state(directory: Path, state: SyncState) -> None:
    """Note how far the journal in ``directory`` has been sent."""
    write_json(directory / FOLDER / "state.json", asdict(state))


@contextmanager
def directory_lock(directory: Path, name: str, wait_s: float | None = None) -> Iterator[bool]:
    """Hold the lock ``name`` of a run's folder; yields False if it is not free for ``wait_s`` seconds."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("a") as stream:
        yield lock_file(stream.fileno(), wait_s)


def summarise(directory: Path, destination: str) -> dict[str, Any]:
    """What ``tracking.json`` says of a run: its id, its number of records, and whether all of them have arrived."""
    journal = directory / FILE_NAME
    header = read_header(journal)
    entries = [entry.end for entry in read_entries(journal)]
    state = read_state(directory, header["key"], destination)
    return {
        "format_version": FORMAT_VERSION,
        "enabled": True,
        "run_id": state.run_id,
        "key": header["key"],
        "experiment": header["experiment"],
        "run_name": header["name"],
        "uri": destination,
        "num_records": len(entries),
        "num_refused": state.refused,
        "synced": state.run_id is not None and state.position >= entries[-1],
    }


def renew_summary(directory: Path, summary: dict[str, Any]) -> None:
    """Bring an existing ``tracking.json`` up to date without making it look new to the workflow."""
    path = directory / "tracking.json"
    if not path.exists():
        return
    known = json.loads(path.read_text())
    summary = {**summary, **{key: known[key] for key in OUTCOME if key in known}}
    if known != summary:
        times = path.stat()
        write_json(path, summary)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
