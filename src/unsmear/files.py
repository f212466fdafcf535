"""Files that appear whole or not at all, and names that are no data."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LITTER = {
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin"),
    *("system volume information", "lost+found"),
}


def is_ignored(path: str) -> bool:
    """Whether a path names what systems leave beside data: hidden files, AppleDouble (`._a.mp4`), thumbnails.

    Parameters
    ----------
    path : relative to the folder or archive that the user named, parts divided by `/`
    """
    parts = [part.lower() for part in path.split("/")]
    return any(part in _LITTER or (part.startswith(".") and part not in (".", "..")) for part in parts)


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its name when the block ends well.

    The suffix is kept, so that writers which look at it (or append it) behave. After an
    exception nothing is left, and an older file under ``path`` is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_folder(path: str | Path, option: str) -> None:
    """Refuse a folder to write into that cannot be one.

    Raises
    ------
    ValueError
        If a file stands at ``path``, or where one of its parents should be, or nothing can be made there.
    """
    nearest = next(each for each in (Path(path), *Path(path).parents) if each.exists())
    if nearest.is_file():
        raise ValueError(f"{option}: {nearest} is a file, not a folder; name another one")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: {nearest} is a folder that cannot be written; name another one")


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON with a final newline, atomically."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


def read_rows(path: str | Path) -> list[dict[str, str]]:
    """The rows of a CSV table with a heading, every cell as text."""
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def sha256_of(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
