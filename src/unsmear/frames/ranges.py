"""One sequence out of a large remote zip: its members alone, by byte ranges, into a small zip.

Frames that have arrived wait one behind the other in `.NAME.part`; a later call keeps those whose
CRC is the one in the remote zip's directory, and goes on behind them.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import requests
from remotezip import PartialBuffer, RemoteZip
from tqdm import tqdm

from unsmear.files import write_atomically
from unsmear.frames.archive import list_members, read_member
from unsmear.frames.download import BLOCK_BYTES, ZIP_START, Transfer, read_some
from unsmear.frames.http import (
    ChangedError,
    FetchError,
    RemoteFile,
    TransientError,
    open_range,
    open_session,
    probe,
)
from unsmear.frames.numbering import check_numbers
from unsmear.frames.partial import bytes_path, check_free, discard, shown_name
from unsmear.frames.store import remove_leftovers

READ_AHEAD_BYTES = 32 * 2**20
MAX_RANGE_BYTES = 2**29
MAX_TRIES = 3


class RangeFetcher:
    """What `RemoteZip` reads through: ranges of one unchanged file, read ahead and tried again.

    Members of a sequence lie one behind the other; reading ahead asks the server once for several.
    """

    def __init__(self, session: requests.Session, remote: RemoteFile, transfer: Transfer) -> None:
        assert remote.size
        self.session, self.remote, self.transfer, self.size = session, remote, transfer, remote.size
        self.read_until = 0
        self._start, self._data = 0, b""

    def forget(self) -> None:
        """Drop what was read ahead, so that it is fetched again."""
        self._data = b""

    def fetch(self, data_range: tuple[int, int | None], stream: bool = False) -> PartialBuffer:
        """Bytes of an inclusive range; a negative start counts from the end."""
        first = max(0, self.size + data_range[0]) if data_range[0] < 0 else data_range[0]
        last = self.size - 1 if data_range[1] is None else min(data_range[1], self.size - 1)
        if not (self._start <= first and last < self._start + len(self._data)):
            ahead = min(first + READ_AHEAD_BYTES, self.read_until) - 1
            self._start, self._data = first, self._fetch(first, max(last, ahead))
        data = self._data[first - self._start : last + 1 - self._start]
        return PartialBuffer(io.BytesIO(data), first, len(data), stream)

    def _fetch(self, first: int, last: int) -> bytes:
        if last - first > MAX_RANGE_BYTES:
            raise FetchError(f"the zip there asks for {last - first} bytes at once; this is no archive of frames")
        blocks, position = [], first
        backoff = self.transfer.backoff()
        while position <= last:
            try:
                with open_range(self.session, self.remote, position, last, self.transfer.timeout_s) as response:
                    while position <= last:
                        data = read_some(response, min(last + 1 - position, BLOCK_BYTES))
                        if not data:
                            raise TransientError("the connection was cut")
                        blocks.append(data)
                        position += len(data)
                        backoff.succeeded()
            except ChangedError:
                raise FetchError("the file changed while it was read; run again") from None
            except TransientError as error:
                backoff.failed(error)
        return b"".join(blocks)


def download_sequence(
    url: str, part: str, sequence: str, output: Path, transfer: Transfer, max_frames: int | None = None
) -> None:
    """Fetch the frames of one sequence from the zip at ``url`` into a zip of their own.

    The result depends on the frames alone (stored, in order, without dates), so that its
    SHA-256 can be compared between downloads.

    Raises
    ------
    FetchError
        If this URL cannot give them.
    ValueError
        If the sequence is not there, has gaps, or a frame stays damaged; see also `list_members`.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    name = url.rpartition("/")[2].partition("?")[0]
    with open_session(url) as session:
        remote = _probe(session, url, transfer)
        if not (remote.has_ranges and remote.size):
            raise FetchError(
                "the server does not answer byte ranges, which single sequences need; "
                "ask for all 15 sequences of an archive, or use another mirror"
            )
        fetcher = RangeFetcher(session, remote, transfer)
        try:
            with RemoteZip(url, fetcher=lambda *args, **kwargs: fetcher) as archive:
                copy_sequence(archive, name, part, sequence, output, max_frames, fetcher)
        except (zipfile.BadZipFile, zipfile.LargeZipFile) as error:
            raise FetchError(f"the zip there is truncated or damaged ({error})") from None


def _probe(session: requests.Session, url: str, transfer: Transfer) -> RemoteFile:
    backoff = transfer.backoff()
    while True:
        try:
            return probe(session, url, transfer.timeout_s, ZIP_START)
        except TransientError as error:
            backoff.failed(error)


def copy_sequence(
    archive: zipfile.ZipFile,
    name: str,
    part: str,
    sequence: str,
    output: Path,
    max_frames: int | None = None,
    fetcher: RangeFetcher | None = None,
) -> None:
    """Copy one sequence of an open zip (remote or local) into a zip of its own."""
    frames = list_members(archive, name).get((part, sequence))
    members = check_numbers(frames, f"{name}: sequence {part}/{sequence}")[:max_frames]
    infos = [archive.getinfo(member) for member in members]
    total = sum(info.file_size for info in infos)
    # The frames wait in one file, then are packed into another.
    check_free(output.parent, 2 * total, shown_name(output))
    if fetcher is not None:
        fetcher.read_until = max(map(_member_end, infos))
    with bytes_path(output).open("a+b") as spool:
        done, size = _check_spool(spool, infos)
        spool.truncate(size)
        with tqdm(
            total=total, initial=size, unit="B", unit_scale=True, desc=shown_name(output), mininterval=1.0
        ) as bar:
            for info in infos[done:]:
                spool.write(_read_frame(archive, info.filename, name, fetcher))
                bar.update(info.file_size)
        spool.flush()
        _pack(spool, infos, f"{part}/{part}_orig/{sequence}", output)
    discard(output)


def _read_frame(archive: zipfile.ZipFile, member: str, name: str, fetcher: RangeFetcher | None) -> bytes:
    """Bytes of a member; a wrong CRC may come from the way, so a remote one is fetched again."""
    tries = MAX_TRIES if fetcher is not None else 1
    for attempt in range(1, tries + 1):
        try:
            return read_member(archive, member, name)
        except FetchError:
            raise
        except ValueError:
            if attempt == tries or fetcher is None:
                raise
            fetcher.forget()
    raise AssertionError


def _member_end(info: zipfile.ZipInfo) -> int:
    local_header = 30 + len(info.orig_filename) + len(info.extra)
    return info.header_offset + local_header + info.compress_size


def _check_spool(spool: Any, infos: list[zipfile.ZipInfo]) -> tuple[int, int]:
    """How many frames, and bytes, of the spool are the expected ones."""
    spool.seek(0)
    size = 0
    for done, info in enumerate(infos):
        data = spool.read(info.file_size)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            return done, size
        size += len(data)
    return len(infos), size


def _pack(spool: Any, infos: list[zipfile.ZipInfo], folder: str, output: Path) -> None:
    spool.seek(0)
    remove_leftovers(output)
    with write_atomically(output) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as packed:
            for info in infos:
                file_name = info.filename.replace("\\", "/").rpartition("/")[2]
                packed.writestr(zipfile.ZipInfo(f"{folder}/{file_name}"), spool.read(info.file_size))
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
