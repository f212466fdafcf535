"""One file by path or URL, known by its SHA-256: fetched once, bounded in size, checked before it is opened."""

from __future__ import annotations

import http.client
import logging
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from unsmear.files import sha256_of, write_atomically

log = logging.getLogger(__name__)

BLOCK_BYTES = 2**20
MAX_BYTES = 2 * 2**30
NUM_ATTEMPTS = 3


class MissingFileError(ValueError):
    """There is no such file, or no server gives it."""


def is_url(source: str | Path) -> bool:
    """Whether ``source`` is to be fetched by HTTP."""
    return str(source).startswith(("http://", "https://"))


def cache_folder() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/unsmear`` or ``~/.cache/unsmear``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unsmear"


def check_file(path: Path, size_bytes: int | None, sha256: str | None, name: str | None = None) -> None:
    """Refuse a file that is not the one meant.

    Parameters
    ----------
    name : how messages call the file; its path by default

    Raises
    ------
    ValueError
        If the size or the SHA-256 differs, with both values.
    """
    found = path.stat().st_size
    if size_bytes is not None and found != size_bytes:
        raise ValueError(f"{name or path} has {found} bytes, expected {size_bytes}; fetch it again")
    if sha256 is not None and (digest := sha256_of(path)) != sha256:
        raise ValueError(f"{name or path} has sha256 {digest}, expected {sha256}; fetch it again or correct the sha256")


def fetch_file(
    url: str, path: Path, max_bytes: int = MAX_BYTES, timeout_s: float = 60.0, sha256: str | None = None
) -> None:
    """Bring ``url`` to ``path``, whole and checked or not at all; three attempts.

    Parameters
    ----------
    max_bytes : a longer answer is refused
    timeout_s : seconds without a byte that end an attempt

    Raises
    ------
    MissingFileError
        If the server does not give the file.
    ValueError
        If it is another file.
    """
    reason = ""
    for _ in range(NUM_ATTEMPTS):
        try:
            with write_atomically(path) as temporary:
                _fetch_once(url, temporary, max_bytes, timeout_s)
                check_file(temporary, None, sha256, public_url(url))
            return
        except urllib.error.HTTPError as error:
            reason = f"the server answered {error.code}"
            if error.code < 500 and error.code not in (408, 429):
                break
        except (OSError, http.client.HTTPException) as error:
            # By its kind alone: the text of an error may hold the URL, and the URL a password.
            cause = getattr(error, "reason", error)
            reason = f"the connection failed ({type(cause).__name__})"
    raise MissingFileError(
        f"{public_url(url)} cannot be fetched: {reason}; fetch it by hand and name the file instead of the URL"
    )


def _fetch_once(url: str, path: Path, max_bytes: int, timeout_s: float) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "unsmear"})
    with urllib.request.urlopen(request, timeout=timeout_s) as response, path.open("wb") as stream:
        while block := response.read(BLOCK_BYTES):
            if stream.tell() + len(block) > max_bytes:
                raise ValueError(f"{public_url(url)} is longer than {max_bytes} bytes; it is another file")
            stream.write(block)
        announced = response.headers.get("Content-Length")
        if announced is not None and stream.tell() != int(announced):
            raise ConnectionError("cut short")


def public_url(url: str) -> str:
    """The URL without user, password and query, fit for a message."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def obtain_file(source: str, sha256: str, max_bytes: int = MAX_BYTES) -> Path:
    """The file that ``source`` names, its SHA-256 checked; a URL is fetched once and kept under its SHA-256.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ValueError
        If it is another one: what nobody vouched for is never opened.
    """
    if is_url(source):
        path = cache_folder() / sha256
        if not path.is_file():
            fetch_file(source, path, max_bytes, sha256=sha256)
            return path
    else:
        path = Path(source).expanduser()
        if not path.is_file():
            raise MissingFileError(f"{source} does not exist; correct the path or configure a URL")
    check_file(path, None, sha256)
    return path
