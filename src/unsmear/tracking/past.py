"""What earlier sessions of a run have recorded, so that a restarted job continues without repeating."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unsmear.tracking import journal
from unsmear.tracking.journal import FILE_NAME, lock_file, read_entries, read_header

ENDED = frozenset({"FINISHED"})


@dataclass
class Past:
    """Summary of a journal."""

    header: dict[str, Any] | None = None
    params: dict[str, str] = field(default_factory=dict)
    last_steps: dict[str, int] = field(default_factory=dict)  # metric -> last recorded step
    status: str | None = None  # of the last session; None if it ended without a word
    last_time: int = 0  # ms


def read_past(path: Path) -> Past:
    """Read a journal from its first to its last record."""
    past = Past()
    if not path.exists() or next(read_entries(path), None) is None:
        return past
    past.header = read_header(path)
    for record, _ in read_entries(path):
        match record["kind"]:
            case "params":
                past.params |= record["values"]
            case "metrics":
                for name in record["values"]:
                    past.last_steps[name] = max(record["step"], past.last_steps.get(name, record["step"]))
            case "resume":
                past.status = None
            case "finish":
                past.status = record["status"]
        past.last_time = max(past.last_time, record.get("time", 0))
    return past


def put_aside_other_run(directory: Path, resume_key: str | None, reopen: bool = False) -> None:
    """Make room for a new run unless the journal in ``directory`` is the same run, unfinished or to be reopened.

    The journal and what it still needs move to ``earlier_runs/{key}``, where synchronisation finds them.
    """
    path = directory / FILE_NAME
    past = read_past(path)
    if past.header is None:
        path.unlink(missing_ok=True)
        return
    same = resume_key is not None and past.header["resume_key"] == resume_key
    if same and (reopen or past.status not in ENDED):
        return
    with path.open("rb") as stream:
        if not lock_file(stream.fileno(), journal.WAIT_FOR_WRITER_S):
            raise ValueError(f"another process writes {path}; wait for it or give this run a folder of its own")
    place = directory / "earlier_runs" / past.header["key"]
    place.mkdir(parents=True, exist_ok=True)
    for name in (".tracking", "tracking.json", FILE_NAME):
        if (directory / name).exists():
            (directory / name).rename(place / name)
