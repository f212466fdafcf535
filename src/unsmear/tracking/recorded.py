"""Runs whose journals lie under a results folder, and what they hold to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from unsmear.tracking import journal

_LARGEST_BATCH = 800  # values after which what has arrived is noted
VALUES = frozenset({"metrics", "params", "tags"})


class Recorded(NamedTuple):
    """A run whose journal lies under the results folder."""

    path: Path
    header: dict[str, Any]


def find_recorded(root: Path) -> tuple[dict[str, Recorded], list[Path], list[str]]:
    """Runs by their identity, folders whose journal cannot be read, and what to tell of these and of copies."""
    runs: dict[str, Recorded] = {}
    broken, messages = [], []
    for path in journal.find_journals(root):
        try:
            header = journal.read_header(path)
        except ValueError as error:
            messages.append(str(error))
            broken.append(path.parent)
            continue
        first = runs.setdefault(header["id"], Recorded(path, header))
        if first.path != path:
            messages.append(f"{path} is a copy of {first.path}; it is not sent")
    return runs, broken, messages


def read_batches(path: Path, start: int) -> Iterable[tuple[list[journal.Value], int]]:
    """Values of a journal from byte ``start`` on, with the position behind them."""
    batch, end = list[journal.Value](), start
    for record, end in journal.read_entries(path, start):
        if record["kind"] in VALUES:
            place = record.get("time", 0), record.get("step", 0)
            batch += [journal.Value(record["kind"], name, value, *place) for name, value in record["values"].items()]
        if len(batch) >= _LARGEST_BATCH:
            yield batch, end
            batch = []
    yield batch, end
