"""Which photos are meant: files, folders, patterns and URLs."""

from __future__ import annotations

import glob
import re
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from unsmear.fetch import TooLongError, fetch_file, is_url, public_url
from unsmear.files import is_ignored
from unsmear.photos.formats import picture_suffixes
from unsmear.photos.picture import Picture, read_picture

TIMEOUT_S = 60.0
# A picture while it is read or written, a pixel: as Pillow holds it, turned, and as bytes of a file.
PICTURE_BYTES = 14
MAX_NAME_BYTES = 200
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):(//|(?<=data:))", re.IGNORECASE)


def find_photos(arguments: Iterable[str | Path]) -> list[str]:
    """Every photo once, in order: a folder stands for the pictures in it, a pattern for what it matches.

    Raises
    ------
    ValueError
        If a folder holds no picture, a pattern matches nothing or a name is empty.
    """
    found: list[str] = []
    for argument in map(str, arguments):
        path = Path(argument)
        if not argument:
            # Which would be the present folder.
            raise ValueError("the name of a photo is empty; name a picture file")
        if is_url(argument) or path.is_file():
            chosen = [argument if is_url(argument) else str(path)]
        elif path.is_dir():
            suffixes = picture_suffixes()
            named = (p for p in path.iterdir() if p.suffix.lower() in suffixes and not is_ignored(p.name))
            chosen = sorted(str(p) for p in named if p.is_file())
            if not chosen:
                raise ValueError(f"{argument} is a folder without pictures; name one that holds some")
        elif glob.has_magic(argument):
            matches = glob.glob(argument, recursive=True)  # noqa: PTH207 - the pattern may be absolute
            chosen = sorted(match for match in matches if Path(match).is_file())
            if not chosen:
                raise ValueError(f"nothing matches {argument}; correct the pattern")
        else:
            chosen = [argument]
        found += [photo for photo in chosen if photo not in found]
    return found


def read_photo(source: str | Path, memory: int | None, max_pixels: int, max_bytes: int) -> Picture:
    """Read a file or URL for which there must be memory.

    Parameters
    ----------
    memory : bytes that may be taken; None is half of what is free
    max_pixels, max_bytes : larger files are refused

    Raises
    ------
    ValueError
        As :func:`~unsmear.photos.picture.read_picture`; too large may be what the memory does not hold.
    """
    from unsmear.photos.memory import free_memory

    bound = free_memory() // 2 if memory is None else memory
    fits = bound // PICTURE_BYTES
    with open_source(source, max_bytes) as path:
        if fits < max_pixels:
            return read_picture(path, fits, max_bytes, "that fit into memory; close other programs, or raise --memory")
        return read_picture(path, max_pixels, max_bytes)


@contextmanager
def open_source(source: str | Path, max_bytes: int) -> Iterator[Path]:
    """The file of a photo; one behind http or https is fetched for as long as the block lasts.

    Raises
    ------
    ValueError
        If it is a URL of another kind, cannot be fetched or is longer than ``max_bytes``.
    """
    text = str(source)
    if not is_url(text):
        address = _ADDRESS.match(text)
        if address and not Path(text).exists():
            raise ValueError(
                f"{text[:80]} is an address of the kind {address[1]}:, which is not read; save it as a file"
            )
        yield Path(source)
        return
    try:
        urllib.parse.urlsplit(text)
    except ValueError as error:
        raise ValueError(f"{public_url(text)} cannot be used ({error}); correct the address") from None
    with tempfile.TemporaryDirectory(prefix="unsmear-") as folder:
        path = Path(folder) / name_of(text)
        try:
            fetch_file(text, path, max_bytes, TIMEOUT_S)
        except TooLongError:
            raise ValueError(
                f"{public_url(text)} has more than the {max_bytes} bytes that are read; --max-megabytes changes that"
            ) from None
        try:
            yield path
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), public_url(text))) from None


def name_of(source: str) -> str:
    """File name of a photo, also of one behind a URL."""
    if not is_url(source):
        return Path(source).name
    name = Path(urllib.parse.unquote(public_url(source)).replace("\0", "")).name
    # Longer ones than files may have are those of signed addresses: their end has the suffix.
    name = name if len(name.encode()) < MAX_NAME_BYTES else name[-MAX_NAME_BYTES // 4 :]
    return name if name.strip(". ") else "photo"
