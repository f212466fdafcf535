"""One large file over HTTP: parallel ranges, resumed after any interruption."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import requests
from tqdm import tqdm

from unsmear.frames.http import (
    NETWORK_ERRORS,
    ChangedError,
    FetchError,
    RemoteFile,
    TransientError,
    open_range,
    open_session,
    probe,
    request,
)
from unsmear.frames.messages import describe
from unsmear.frames.partial import PartialFile, StoppedError, bytes_path, check_free, discard, record_path, shown_name
from unsmear.frames.retry import Backoff

BLOCK_BYTES = 2**18
MAX_CHANGES = 3
ZIP_START = b"PK"


@dataclass(frozen=True)
class Transfer:
    """How a download goes about it; see the fields of `RedsConfig`."""

    connections: int = 4
    retries: int = 8
    timeout_s: float = 60.0
    max_wait_s: float = 300.0

    def backoff(self, stop: threading.Event | None = None) -> Backoff:
        """A fresh count of failures."""
        return Backoff(self.retries, self.max_wait_s, stop)


def download_file(
    url: str, output: Path, transfer: Transfer, expected_size: int | None = None, trusted: bool = False
) -> None:
    """Bring a zip from ``url`` to ``output``, going on where an earlier call stopped.

    A file that changes on the server meanwhile is begun anew.

    Parameters
    ----------
    expected_size : bytes, where known
    trusted : the caller checks a known SHA-256 afterwards, so that a download may also be resumed from
        another mirror, or from a server that does not say whether the file is the same

    Raises
    ------
    FetchError
        If this URL cannot give the file.
    ValueError
        If the disk is too small.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    backoff, changes = transfer.backoff(), 0
    with open_session(url, transfer.connections) as session:
        while True:
            try:
                remote = probe(session, url, transfer.timeout_s, ZIP_START)
                if expected_size is not None and remote.size not in (None, expected_size):
                    raise FetchError(f"the file has {remote.size} bytes there, expected {expected_size}")
                if remote.has_ranges and remote.size:
                    _Ranges(session, remote, output, transfer, trusted).run()
                else:
                    _download_stream(session, remote, output, transfer)
                break
            except ChangedError:
                changes += 1
                discard(output)
                if changes > MAX_CHANGES:
                    raise FetchError(f"the file changed {changes} times while it was fetched") from None
            except TransientError as error:
                backoff.failed(error)
    bytes_path(output).replace(output)
    record_path(output).unlink(missing_ok=True)


class _Ranges:
    """Parallel connections that fill one partial file."""

    def __init__(
        self, session: requests.Session, remote: RemoteFile, output: Path, transfer: Transfer, trusted: bool
    ) -> None:
        self.session, self.remote, self.transfer = session, remote, transfer
        self.file = PartialFile(remote, output, trusted)
        self.todo = self.file.unfinished()[::-1]
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self.bar = _progress_bar(shown_name(output), self.file.size, sum(self.file.arrived))

    def run(self) -> None:
        """Fetch all that is missing, or raise the first connection's error."""
        # Daemons: a connection that hangs must not keep an interrupted job from ending.
        count = min(self.transfer.connections, len(self.todo))
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        try:
            for worker in workers:
                worker.start()
            while self.error is None and any(worker.is_alive() for worker in workers):
                self.stop.wait(0.05)
        finally:
            self.stop.set()
            self.file.close()
            self.bar.close()
        if self.error is not None:
            raise self.error
        assert not self.file.unfinished()

    def _work(self) -> None:
        backoff = self.transfer.backoff(self.stop)
        try:
            while self.todo and not self.stop.is_set():
                try:
                    piece = self.todo.pop()
                except IndexError:  # another connection took the last one
                    return
                while piece in self.file.unfinished() and not self.stop.is_set():
                    try:
                        self._fetch(piece, backoff)
                    except TransientError as error:
                        backoff.failed(error)
        except StoppedError:
            return
        except BaseException as error:
            self.error = self.error or error
            self.stop.set()

    def _fetch(self, piece: int, backoff: Backoff) -> None:
        first, end = self.file.span(piece)
        with open_range(self.session, self.remote, first, end - 1, self.transfer.timeout_s) as response:
            while first < end:
                data = read_some(response, min(end - first, BLOCK_BYTES))
                if not data:
                    raise TransientError("the connection was cut")
                self.file.add(piece, data)
                self.bar.update(len(data))
                first += len(data)
                backoff.succeeded()


def _download_stream(session: requests.Session, remote: RemoteFile, output: Path, transfer: Transfer) -> None:
    """All bytes in one answer, for a server without ranges: every attempt starts from the beginning."""
    backoff = transfer.backoff()
    discard(output)
    check_free(output.parent, remote.size or 0, shown_name(output))
    while True:
        try:
            with (
                request(session, remote.url, transfer.timeout_s, {}) as response,
                bytes_path(output).open("wb") as stream,
                _progress_bar(shown_name(output), remote.size, 0) as bar,
            ):
                while data := read_some(response, BLOCK_BYTES):
                    stream.write(data)
                    bar.update(len(data))
                if remote.size is not None and stream.tell() != remote.size:
                    raise TransientError("the connection was cut")
                return
        except TransientError as error:
            backoff.failed(error)


def _progress_bar(name: str, total: int | None, initial: int) -> tqdm:
    return tqdm(total=total, initial=initial, unit="B", unit_scale=True, desc=name, mininterval=1.0)


def read_some(response: requests.Response, size: int) -> bytes:
    """Next bytes as they come, at most ``size``; none at the end."""
    try:
        return bytes(response.raw.read1(size, decode_content=False))
    except NETWORK_ERRORS as error:
        raise TransientError(describe(error)) from None
