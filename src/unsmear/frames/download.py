"""One large file over HTTP: parallel ranges, resumed after any interruption."""

from __future__ import annotations

import threading
from pathlib import Path

from tqdm import tqdm

from unsmear.fetch import find_token
from unsmear.frames.archives_config import RedsConfig
from unsmear.frames.partial import PartialFile, StoppedError, bytes_path, check_free, discard, record_path, shown_name
from unsmear.frames.remote import BLOCK_BYTES, RemoteFile
from unsmear.http import ChangedError, FetchError, TransientError, open_session, read_some, request

MAX_CHANGES = 3


def download_file(
    url: str, output: Path, config: RedsConfig, expected_size: int | None = None, expected_sha256: str | None = None
) -> str | None:
    """Bring a zip from ``url`` to ``output``, going on where an earlier call stopped.

    A file that changes on the server meanwhile is begun anew.

    Parameters
    ----------
    expected_size : bytes, where known
    expected_sha256 : the caller checks it afterwards, so that a download may also be resumed from
        another mirror, or from a server that does not say whether the file is the same

    Returns
    -------
    str or None
        The file's SHA-256 as the server tells it.

    Raises
    ------
    FetchError
        If this URL cannot give the file.
    ValueError
        If the disk is too small.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with open_session(find_token(url), config.connections) as session:
        for _ in range(MAX_CHANGES + 1):
            remote = RemoteFile.find(session, url, config)
            if expected_size is not None and remote.size not in (None, expected_size):
                raise FetchError(f"the file has {remote.size} bytes there, expected {expected_size}")
            if expected_sha256 is not None and remote.sha256 not in (None, expected_sha256):
                raise FetchError(f"the file has sha256 {remote.sha256} there, expected {expected_sha256}")
            try:
                if remote.has_ranges and remote.size:
                    _Ranges(remote, output, expected_sha256 is not None).run()
                else:
                    _download_stream(remote, output)
                break
            except ChangedError:
                discard(output)
        else:
            raise FetchError(f"the file changed {MAX_CHANGES + 1} times while it was fetched")
    bytes_path(output).replace(output)
    record_path(output).unlink(missing_ok=True)
    return remote.sha256


class _Ranges:
    """Parallel connections that fill one partial file."""

    def __init__(self, remote: RemoteFile, output: Path, trusted: bool) -> None:
        self.remote, self.file = remote, PartialFile(remote, output, trusted)
        self.todo = self.file.unfinished()[::-1]
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self.bar = _progress_bar(shown_name(output), self.file.size, sum(self.file.arrived))

    def run(self) -> None:
        """Fetch all that is missing, or raise the first connection's error."""
        # Daemons: a connection that hangs must not keep an interrupted job from ending.
        count = min(self.remote.config.connections, len(self.todo))
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
        try:
            while not self.stop.is_set():
                piece = self.todo.pop()
                for data in self.remote.blocks(*self.file.span(piece), self.stop):
                    self.file.add(piece, data)
                    self.bar.update(len(data))
        except (StoppedError, IndexError):  # ended, or another connection took the last piece
            return
        except BaseException as error:
            self.error = self.error or error
            self.stop.set()


def _download_stream(remote: RemoteFile, output: Path) -> None:
    """All bytes in one answer, for a server without ranges: every attempt starts from the beginning."""
    discard(output)
    check_free(output.parent, remote.size or 0, shown_name(output))

    def fetch() -> None:
        with (
            request(remote.session, remote.url, remote.config.timeout_s) as response,
            bytes_path(output).open("wb") as stream,
            _progress_bar(shown_name(output), remote.size, 0) as bar,
        ):
            while data := read_some(response, BLOCK_BYTES):
                stream.write(data)
                bar.update(len(data))
            if remote.size is not None and stream.tell() != remote.size:
                raise TransientError("the connection was cut")

    remote.backoff().call(fetch)


def _progress_bar(name: str, total: int | None, initial: int) -> tqdm:
    return tqdm(total=total, initial=initial, unit="B", unit_scale=True, desc=name, mininterval=1.0)
