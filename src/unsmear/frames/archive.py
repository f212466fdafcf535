"""Zip archives in REDS layout, read without trusting them.

Members are `train/train_orig/SSS/FFFFFFFF.png` or `val/val_orig/SSS/FFFFFFFF.png`. They are known by
their last two path parts and by `train` or `val` anywhere before them, or in the archive's file name,
because mirrors drop or add leading folders. Nothing is ever unpacked under a member's own name.
"""

from __future__ import annotations

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unsmear.files import is_ignored
from unsmear.frames.content import describe_content

MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 256 * 2**20
MAX_FRAMES = 100_000

Listing = dict[tuple[str, str], list[tuple[int, str]]]

_FRAME = re.compile(r"(\d{1,12})\.png", re.IGNORECASE)
_SEQUENCE = re.compile(r"\d{3}")
_PART = re.compile(r"(?<![a-z])(train|val)(?:idation)?(?![a-z])")


@contextmanager
def open_archive(path: str | Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading.

    Raises
    ------
    ValueError
        If the file is missing, is no zip (an HTML page, a truncated download) or is damaged.
    """
    path = Path(path)
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such archive; check the path") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, NotImplementedError, ValueError) as error:
        raise ValueError(f"{path}: {_say_why(path, error)}") from None
    with archive:
        yield archive


def _say_why(path: Path, error: Exception) -> str:
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as problem:
        return f"cannot be read ({problem.strerror}); check the path and its permissions"
    if head.startswith(b"PK"):
        return f"the zip is truncated or damaged ({error}); fetch it again"
    content = describe_content(head)
    return f"this is no zip but {content}" + ("" if ";" in content else "; put a zip in REDS layout here")


def list_members(archive: zipfile.ZipFile, name: str | Path) -> Listing:
    """Frames of every sequence of an open zip; ``name`` is its file name, for hints and errors.

    Returns
    -------
    dict
        (part, sequence) -> (frame number, member name) pairs in the order of numbers, with doubles.
        A folder of a sequence that holds no frame gives an empty list.

    Raises
    ------
    ValueError
        For a member that no honest archive has: encrypted, a link, a path that leaves its folder,
        too large, too many; or where nothing tells train from val.
    """
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ValueError(f"{name}: {len(infos)} members, more than {MAX_MEMBERS}; this is no archive of frames")
    listing: Listing = {}
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        if len(parts) < 2 or is_ignored("/".join(parts)):
            continue
        if not _SEQUENCE.fullmatch(parts[-2]):
            continue
        _check_safe(info, parts, name)
        key = _part_of(parts[:-2], name, info.filename), parts[-2]
        frames = listing.setdefault(key, [])
        if match := _FRAME.fullmatch(parts[-1]):
            frames.append((int(match[1]), info.filename))
        if len(frames) > MAX_FRAMES:
            raise ValueError(f"{name}: sequence {parts[-2]} has more than {MAX_FRAMES} frames; split it")
    return {key: sorted(listing[key]) for key in sorted(listing)}


def list_sequences(path: str | Path) -> Listing:
    """Frames of every sequence of a zip file; see `list_members`."""
    with open_archive(path) as archive:
        return list_members(archive, path)


def describe_members(path: str | Path, most: int = 4) -> str:
    """A few names of what a zip holds, for a message."""
    with open_archive(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir() and not is_ignored(info.filename)]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + rest) or "nothing"


def _part_of(folders: list[str], name: str | Path, member: str) -> str:
    for text in [*reversed(folders), Path(name).name]:
        if hits := _PART.findall(text.lower()):
            return hits[-1]
    raise ValueError(
        f"{name}: neither the path of {member} nor the archive's name says train or val; "
        "rename the archive, for example train_orig_part0.zip"
    )


def _check_safe(info: zipfile.ZipInfo, parts: list[str], name: str | Path) -> None:
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise ValueError(f"{name}: member {info.filename!r} leaves its folder; do not use this archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ValueError(f"{name}: member {info.filename} is a link; pack the files themselves")
    if info.flag_bits & 0x1:
        raise ValueError(f"{name}: member {info.filename} is encrypted; pack it again without a password")
    if max(info.file_size, info.compress_size) > MAX_MEMBER_BYTES:
        size = max(info.file_size, info.compress_size)
        raise ValueError(f"{name}: member {info.filename} has {size} bytes, more than {MAX_MEMBER_BYTES} for a frame")


def read_member(archive: zipfile.ZipFile, member: str, name: str | Path) -> bytes:
    """Bytes of one member, its CRC checked.

    Raises
    ------
    ValueError
        If the member is damaged, packed in a way that cannot be read, or longer than it says.
    """
    try:
        return archive.read(member)
    except KeyError:
        raise ValueError(f"{name}: no member {member}; fetch or pack the archive again") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, struct.error) as error:
        reason = "the end is missing" if isinstance(error, EOFError) else str(error)
        raise ValueError(f"{name}: member {member} is damaged ({reason}); fetch or pack the archive again") from None
