"""The journal of a run: one JSON object a line, appended beside the run's results.

A record that :meth:`Journal.append` returned from survives the death of the process. A line that a crash has
torn is no JSON object, and readers pass over it. Numbers that JSON does not know are written as words.
"""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

FORMAT_VERSION = 1
FILE_NAME = "run.jsonl"
# Folder beside the journal: the files that belong to the run, under the names that they have as artifacts.
FILES = "run.files"
# A data-loading process may hold a dead job's journal open for some seconds more.
WAIT_FOR_WRITER_S = 10.0
_NO_RUNS = ("mlflow", "archives", "frames", "blur")  # large folders of a results folder
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)  # json.dumps would make one for each record

Status = Literal["FINISHED", "FAILED", "KILLED", "RUNNING"]


class Value(NamedTuple):
    """A metric at a time in ms and a step, a param or a tag."""

    kind: str
    name: str
    value: float | str
    time: int = 0
    step: int = 0


def encode_number(value: float) -> float | str:
    """``value`` as a JSON number, or as a word that ``float`` understands where JSON has no number for it."""
    value = float(value)
    return value if math.isfinite(value) else json.dumps(value)


def read_entries(path: Path, start: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Whole records from byte ``start`` on, each with the position behind it; torn and damaged lines are left out."""
    with path.open("rb") as stream:
        position = stream.seek(start)
        for line in stream:
            if not line.endswith(b"\n"):
                return
            position += len(line)
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and "kind" in record:
                yield record, position


def read_header(path: Path) -> dict[str, Any]:
    """First record of a journal, which names the run.

    Raises
    ------
    ValueError
        If there is none, or a newer version of this program wrote it.
    """
    header = next((record for record, _ in read_entries(path)), {})
    if header.get("kind") != "run":
        raise ValueError(f"{path} does not begin with a run's name; it is no journal of a run, remove it")
    if (found := header["format_version"]) > FORMAT_VERSION:
        raise ValueError(f"{path} has format version {found}, this program knows {FORMAT_VERSION}; update unsmear")
    return header


def find_journals(root: Path) -> list[Path]:
    """Every journal under ``root`` that holds a record; others are of jobs that died before they said a thing."""
    found = []
    for folder, folders, files in os.walk(root):
        skipped = (FILES, *_NO_RUNS) if Path(folder) == root else (FILES,)
        folders[:] = [name for name in folders if name not in skipped]
        if FILE_NAME in files:
            found.append(Path(folder, FILE_NAME))
    return sorted(path for path in found if next(read_entries(path), None) is not None)


@dataclass
class Past:
    """What earlier sessions of a run have recorded."""

    header: dict[str, Any] | None = None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    last_steps: dict[str, int] = field(default_factory=dict)  # metric -> last recorded step
    status: Status | None = None  # of the last session; None if it ended without a word
    last_time: int = 0  # ms


def read_past(path: Path) -> Past:
    """Read a journal from its first to its last record."""
    past = Past()
    for record, _ in read_entries(path) if path.exists() else ():
        if past.header is None:
            past.header = read_header(path)
        match record["kind"]:
            case "params":
                past.params |= record["values"]
            case "tags":
                past.tags |= record["values"]
            case "metrics":
                for name in record["values"]:
                    past.last_steps[name] = max(record["step"], past.last_steps.get(name, record["step"]))
            case "resume" | "finish":
                past.status = record.get("status")
        past.last_time = max(past.last_time, record.get("time", 0))
    return past


class Journal:
    """Append-only writer of one journal; a second writer of the same file is refused."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` for appending.

        Raises
        ------
        ValueError
            If another process writes this journal.
        """
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("ab+", buffering=0)
        if not lock_file(self._stream.fileno(), WAIT_FOR_WRITER_S):
            self._stream.close()
            raise ValueError(f"another process writes {path}; wait for it or give this run a folder of its own")
        size = self._stream.seek(0, os.SEEK_END)
        if size and os.pread(self._stream.fileno(), 1, size - 1) != b"\n":
            self._stream.write(b"\n")  # ends a line that a crash has torn

    def append(self, record: dict[str, Any]) -> None:
        """Write one record; it is with the operating system when this returns."""
        line = _ENCODER.encode(record).encode() + b"\n"
        with self._lock:
            # Unbuffered: one system call a record. It writes less only where the disk is full.
            if self._stream.write(line) != len(line):
                raise OSError(errno.ENOSPC, "the disk is full", str(self.path))

    def close(self) -> None:
        """Bring everything to the disk and let go of the file."""
        os.fsync(self._stream.fileno())
        self._stream.close()


def lock_file(descriptor: int, wait_s: float = 0.0) -> bool:
    """Take the exclusive lock of an open file within ``wait_s`` seconds. False: another process has it.

    A file system without locks (Lustre without ``-o flock``) costs a warning.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno in _NO_LOCKS:
                warnings.warn("this file system has no file locks: let one workflow at a time write here", stacklevel=2)
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)


def is_being_written(path: Path) -> bool:
    """Whether a living process has the journal open for writing."""
    with path.open("rb") as stream:
        return not lock_file(stream.fileno())
