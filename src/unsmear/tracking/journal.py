"""The journal of a run: one JSON object a line, appended before anything else happens to a record.

A record that :meth:`Journal.append` returned from survives the death of the process. A line that was torn
by a crash is dropped when the journal is opened again, and ignored by readers until then.
Numbers that JSON does not know are written as the strings ``NaN``, ``Infinity`` and ``-Infinity``.
"""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FORMAT_VERSION = 1
FILE_NAME = "tracking.jsonl"
# A data-loading process may hold a dead job's journal open for some seconds more.
WAIT_FOR_WRITER_S = 10.0


# json.dumps would make one anew for each record.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class Entry(NamedTuple):
    """One record and the byte position behind it."""

    record: dict[str, Any]
    end: int


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def encode_number(value: float) -> float | str:
    """``value`` as a JSON number, or as a word where JSON has no number for it."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def decode_number(value: float | str) -> float:
    """Inverse of :func:`encode_number`."""
    return float(value)


def read_entries(path: Path, start: int = 0) -> Iterator[Entry]:
    """Whole records of a journal from byte ``start`` on; an unfinished last line is left out.

    A line that is not a JSON object (a damaged disk block) is passed over.
    """
    with path.open("rb") as stream:
        stream.seek(start)
        position = start
        for line in stream:
            if not line.endswith(b"\n"):
                return
            position += len(line)
            record = _parse(line)
            if record is not None:
                yield Entry(record, position)


def read_header(path: Path) -> dict[str, Any]:
    """First record of a journal, which names the run.

    Raises
    ------
    ValueError
        If there is none, or a newer version of this program wrote it.
    """
    entry = next(read_entries(path), None) if path.exists() else None
    if entry is None or entry.record.get("kind") != "run":
        raise ValueError(f"{path} does not begin with a run's name; it is no tracking journal, remove it")
    if entry.record["format_version"] > FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {entry.record['format_version']}, this program knows "
            f"{FORMAT_VERSION}; update unsmear"
        )
    return entry.record


def find_journals(root: Path) -> list[Path]:
    """Every journal under ``root``; one without a whole record is of a job that died before it had said a thing."""
    return sorted(path for path in root.rglob(FILE_NAME) if next(read_entries(path), None) is not None)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "kind" in record else None


class Journal:
    """Append-only writer of one journal; a second writer of the same file is refused."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` for appending and drop a torn last line.

        Raises
        ------
        ValueError
            If another process writes this journal.
        """
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("ab", buffering=0)
        if not lock_file(self._stream.fileno(), WAIT_FOR_WRITER_S):
            self._stream.close()
            raise ValueError(f"another process writes {path}; wait for it or give this run a folder of its own")
        _mend_tail(path)

    def append(self, record: dict[str, Any]) -> None:
        """Write one record; it is with the operating system when this returns."""
        line = _ENCODER.encode(record).encode() + b"\n"
        with self._lock:
            # Unbuffered: one system call a record. It writes less only where the disk is full.
            if not self._stream.closed and self._stream.write(line) != len(line):
                raise OSError(errno.ENOSPC, "the disk is full", str(self.path))

    def close(self) -> None:
        """Bring everything to the disk and let go of the file."""
        with self._lock:
            if not self._stream.closed:
                os.fsync(self._stream.fileno())
                self._stream.close()


def lock_file(descriptor: int, wait_s: float | None = 0.0) -> bool:
    """Take the exclusive lock of an open file; ``wait_s`` None waits for ever. False: it is taken."""
    if wait_s is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)


def is_being_written(path: Path) -> bool:
    """Whether a living process has the journal open for writing."""
    with path.open("rb") as stream:
        return not lock_file(stream.fileno())


def _mend_tail(path: Path) -> None:
    """Cut a torn last line off, or end it where only its newline is missing."""
    with path.open("rb+") as stream:
        content_end = stream.seek(0, os.SEEK_END)
        start, tail = content_end, b""
        while start > 0 and b"\n" not in tail:
            start = max(0, start - 65536)
            stream.seek(start)
            tail = stream.read(content_end - start)
        last_line = tail[tail.rfind(b"\n") + 1 :]
        if not last_line:
            return
        if _parse(last_line) is not None:
            stream.seek(content_end)
            stream.write(b"\n")
        else:
            stream.truncate(content_end - len(last_line))
