"""What lies in a run's folder from earlier: the same run to go on with, another one to put aside, or a parent."""

from __future__ import annotations

import warnings
from pathlib import Path

from unsmear.tracking.journal import FILE_NAME, FILES, Journal, Past, read_past


def find_past(directory: Path, key: str | None, reopen: bool) -> Past:
    """What the same run, unfinished or to be reopened, has recorded in ``directory``; another one is put aside."""
    path = directory / FILE_NAME
    past = read_past(path)
    if past.header is None:
        path.unlink(missing_ok=True)
        return past
    if key is not None and past.header["key"] == key and (reopen or past.status != "FINISHED"):
        return past
    Journal(path).close()  # nobody writes it, or this says so
    place = directory / "earlier_runs" / past.header["id"]
    place.mkdir(parents=True, exist_ok=True)
    for name in (FILES, FILE_NAME):
        if (directory / name).exists():
            (directory / name).rename(place / name)
    return Past()


def id_of(parent: str | Path | None, name: str) -> str | None:
    """Identity of the run that is recorded in the folder ``parent``; None, after a warning, where none is."""
    if parent is None:
        return None
    if (header := read_past(Path(parent) / FILE_NAME).header) is None:
        warnings.warn(f"no run is recorded in {parent}; {name} is recorded without a parent", stacklevel=3)
        return None
    return str(header["id"])
