"""One sequence out of a large remote zip: its members alone, by byte ranges, into a small zip.

Frames that have arrived wait one behind the other in `.NAME.part`; a later call keeps those whose
CRC is the one in the remote zip's directory, and goes on behind them.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from unsmear.fetch import find_token
from unsmear.files import write_atomically
from unsmear.frames.archive import list_members, read_member
from unsmear.frames.archives_config import RedsConfig
from unsmear.frames.numbering import check_numbers
from unsmear.frames.partial import bytes_path, check_free, discard, shown_name
from unsmear.frames.range_reader import ReadAhead
from unsmear.frames.remote import RemoteFile
from unsmear.frames.store import remove_leftovers
from unsmear.http import FetchError, open_session

READ_AHEAD_BYTES = 32 * 2**20
MAX_TRIES = 3


def download_sequence(
    url: str, part: str, sequence: str, output: Path, config: RedsConfig, max_frames: int | None = None
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
    with open_session(find_token(url)) as session:
        remote = RemoteFile.find(session, url, config)
        if not (remote.has_ranges and remote.size):
            raise FetchError(
                "the server does not answer byte ranges, which single sequences need; "
                "ask for all 15 sequences of an archive, or use another mirror"
            )
        # Members of a sequence lie one behind the other; reading ahead asks the server once for several.
        stream = ReadAhead(remote, READ_AHEAD_BYTES)
        try:
            with zipfile.ZipFile(stream) as archive:
                copy_sequence(archive, name, part, sequence, output, max_frames, stream)
        except (zipfile.BadZipFile, zipfile.LargeZipFile) as error:
            raise FetchError(f"the zip there is truncated or damaged ({error})") from None


def copy_sequence(
    archive: zipfile.ZipFile,
    name: str,
    part: str,
    sequence: str,
    output: Path,
    max_frames: int | None = None,
    remote: ReadAhead | None = None,
) -> None:
    """Copy one sequence of an open zip (remote or local) into a zip of its own."""
    frames = list_members(archive, name).get((part, sequence))
    members = check_numbers(frames, f"{name}: sequence {part}/{sequence}")[:max_frames]
    infos = [archive.getinfo(member) for member in members]
    total = sum(info.file_size for info in infos)
    # The frames wait in one file, then are packed into another.
    check_free(output.parent, 2 * total, shown_name(output))
    if remote is not None:
        remote.reader.until = max(map(_member_end, infos))
    with bytes_path(output).open("a+b") as spool:
        done, size = _check_spool(spool, infos)
        spool.truncate(size)
        with tqdm(
            total=total, initial=size, unit="B", unit_scale=True, desc=shown_name(output), mininterval=1.0
        ) as bar:
            for info in infos[done:]:
                spool.write(_read_frame(archive, info.filename, name, remote))
                bar.update(info.file_size)
        spool.flush()
        _pack(spool, infos, f"{part}/{part}_orig/{sequence}", output)
    discard(output)


def _read_frame(archive: zipfile.ZipFile, member: str, name: str, remote: ReadAhead | None) -> bytes:
    """Bytes of a member; a wrong CRC may come from the way, so a remote one is fetched again."""
    tries = MAX_TRIES if remote is not None else 1
    for attempt in range(1, tries + 1):
        try:
            return read_member(archive, member, name)
        except FetchError:
            raise
        except ValueError:
            if attempt == tries or remote is None:
                raise
            remote.forget()
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
