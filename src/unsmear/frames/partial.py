"""An unfinished download on disk: its bytes, and a record of how much of each piece has arrived.

Beside the output lie `.NAME.part` (the bytes) and `.NAME.part.json` (the record). The record is
written after the bytes it counts, so that it never says more than is there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from pathlib import Path

from unsmear.fetch import public_url
from unsmear.files import write_json
from unsmear.frames.remote import RemoteFile

PIECE_BYTES = 64 * 2**20
SAVE_EVERY_S = 2.0


def bytes_path(output: Path) -> Path:
    """Where the bytes of an unfinished download lie."""
    return output.with_name(f".{output.name}.part")


def record_path(output: Path) -> Path:
    """Where its record lies."""
    return output.with_name(f".{output.name}.part.json")


def unchecked_path(output: Path) -> Path:
    """Where a whole file waits until it is verified."""
    return output.with_name(f".{output.name}.unchecked")


def shown_name(path: Path) -> str:
    """Name of the file that ``path`` will become, for people."""
    return path.name.removeprefix(".").removesuffix(".unchecked")


def discard(output: Path) -> None:
    """Forget an unfinished download."""
    bytes_path(output).unlink(missing_ok=True)
    record_path(output).unlink(missing_ok=True)


def check_free(folder: Path, needed: int, name: str) -> None:
    """Refuse to begin where the disk is too small.

    Raises
    ------
    ValueError
        Naming the bytes needed and free.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ValueError(
            f"{name} needs {needed / 1e9:.2f} GB ({needed} bytes) in {folder}, {free / 1e9:.2f} GB are free; "
            "make room or put results/ on a larger disk"
        )


class StoppedError(Exception):
    """The download ended while this connection was at work."""


class PartialFile:
    """Pieces of one remote file; several threads may add to different pieces.

    Parameters
    ----------
    remote : the file on the server, its size known
    output : the path that the finished file will take
    trusted : resume even without the server's word that the file is the same, as a known SHA-256 decides in the end
    """

    def __init__(self, remote: RemoteFile, output: Path, trusted: bool = False) -> None:
        assert remote.size
        self.remote, self.output, self.size = remote, output, remote.size
        self.arrived = self._load(trusted)
        check_free(output.parent, self.size - sum(self.arrived), shown_name(output))
        self._lock = threading.Lock()
        self._closed = False
        self._saved = time.monotonic()
        self._descriptor = os.open(bytes_path(output), os.O_RDWR | os.O_CREAT, 0o644)
        os.truncate(self._descriptor, self.size)

    def _load(self, trusted: bool) -> list[int]:
        fresh = [0] * -(-self.size // PIECE_BYTES)
        try:
            state = json.loads(record_path(self.output).read_text(encoding="utf-8"))
            arrived, identity = state["arrived"], state["identity"]
            fits = self.size == state["size"] == bytes_path(self.output).stat().st_size
            fits = (
                fits and len(arrived) == len(fresh) and all(type(n) is int and 0 <= n <= PIECE_BYTES for n in arrived)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return fresh
        known = identity is not None and identity == self._identity()
        return arrived if fits and (trusted or known) else fresh

    def _identity(self) -> str | None:
        """What tells that a server still has the same file, as far as it says; a validator counts at its URL alone."""
        if self.remote.sha256 is None and self.remote.validator is not None:
            return f"{public_url(self.remote.url)} {self.remote.validator}"
        return self.remote.sha256

    def span(self, piece: int) -> tuple[int, int]:
        """First byte that has not arrived yet, and the end, of a piece."""
        start = piece * PIECE_BYTES
        return start + self.arrived[piece], min(self.size, start + PIECE_BYTES)

    def unfinished(self) -> list[int]:
        """Pieces of which bytes are missing, in order."""
        pieces = range(len(self.arrived))
        return [piece for piece in pieces if self.span(piece)[0] < self.span(piece)[1]]

    def add(self, piece: int, data: bytes) -> None:
        """Keep ``data`` as the next bytes of a piece.

        Raises
        ------
        StoppedError
            If the file has been closed.
        ValueError
            If the disk does not take the bytes.
        """
        with self._lock:
            if self._closed:
                raise StoppedError
            view, offset = memoryview(data), self.span(piece)[0]
            try:
                while view:
                    count = os.pwrite(self._descriptor, view, offset)
                    view, offset = view[count:], offset + count
            except OSError as error:
                raise ValueError(f"{shown_name(self.output)}: {error.strerror}; make room and run again") from None
            self.arrived[piece] += len(data)
            if time.monotonic() - self._saved > SAVE_EVERY_S:
                self._save()

    def _save(self) -> None:
        os.fdatasync(self._descriptor)
        state = {"identity": self._identity(), "size": self.size, "arrived": self.arrived}
        write_json(record_path(self.output), state)
        self._saved = time.monotonic()

    def close(self) -> None:
        """Record what has arrived; nothing is written afterwards."""
        with self._lock:
            self._closed = True
            with contextlib.suppress(OSError):  # on a full disk the older record serves
                self._save()
            os.close(self._descriptor)
