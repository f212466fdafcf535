"""Places that hold the same files: base URLs, file:// and folders."""

from __future__ import annotations

import shutil
import urllib.parse
import urllib.request
from pathlib import Path

from unsmear.fetch import public_url


def local_folder(mirror: str) -> Path | None:
    """The folder that a mirror names, by path or as file://; None for a URL."""
    parts = urllib.parse.urlsplit(mirror)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    return None if parts.scheme in ("http", "https") else Path(mirror).expanduser()


def join_url(mirror: str, name: str) -> str:
    """URL of a file below a base URL, whose query stays at the end."""
    parts = urllib.parse.urlsplit(mirror)
    path = f"{parts.path.rstrip('/')}/{name}"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def show_mirror(mirror: str) -> str:
    """A mirror as it may stand in a message: without user, password and query."""
    return mirror if local_folder(mirror) is not None else public_url(mirror)


def copy_file(source: Path, output: Path) -> None:
    """Copy a file of a local mirror."""
    from unsmear.frames.partial import bytes_path, check_free, discard

    output.parent.mkdir(parents=True, exist_ok=True)
    discard(output)
    check_free(output.parent, source.stat().st_size, source.name)
    try:
        shutil.copyfile(source, bytes_path(output))
    except OSError as error:
        raise ValueError(f"copying failed: {error.strerror}") from None
    bytes_path(output).replace(output)
