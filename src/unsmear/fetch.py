"""One file by path or URL, known by its SHA-256: fetched once, bounded in size, checked before it is opened."""

from __future__ import annotations

import logging
import os
import urllib.parse
from pathlib import Path

from unsmear.cache import cache_folder
from unsmear.files import sha256_of

BLOCK_BYTES = 2**20
MAX_BYTES = 2 * 2**30
NUM_ATTEMPTS = 3
MAX_WAIT_S = 30.0


class MissingFileError(ValueError):
    """There is no such file, or no server gives it."""


class TooLongError(ValueError):
    """A file has more bytes than are read."""


class MismatchError(ValueError):
    """A file is not what its checksum says."""


def is_url(source: str | Path) -> bool:
    """Whether ``source`` is to be fetched by HTTP."""
    return str(source).lower().startswith(("http://", "https://"))


def public_url(url: str) -> str:
    """The URL without user, password and query, fit for a message."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def find_token(url: str) -> str | None:
    """`UNSMEAR_TOKEN`, for any mirror; else `HF_TOKEN`, for https://huggingface.co alone."""
    token = os.environ.get("UNSMEAR_TOKEN")
    if not token and urllib.parse.urlsplit(url)[:2] == ("https", "huggingface.co"):
        token = os.environ.get("HF_TOKEN")
    return token or None


def check_file(path: Path, size_bytes: int | None, sha256: str | None, name: str | None = None) -> tuple[int, str]:
    """Size and SHA-256 of a file, after comparing them with what is known of it.

    Parameters
    ----------
    name : how messages call the file; its path by default

    Raises
    ------
    MismatchError
        If the size or the SHA-256 differs, with both values.
    """
    size, name = path.stat().st_size, name or str(path)
    if size_bytes is not None and size != size_bytes:
        raise MismatchError(f"{name}: size {size} bytes found, {size_bytes} expected; fetch it again")
    found = sha256_of(path)
    if sha256 is not None and found != sha256:
        raise MismatchError(f"{name}: sha256 {found} found, {sha256} expected; fetch it again or correct the sha256")
    return size, found


def fetch_file(
    url: str,
    path: Path,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = 60.0,
    sha256: str | None = None,
    token: str | None = None,
) -> None:
    """Bring ``url`` to ``path``, whole and checked or not at all; three attempts. A right file is kept.

    Parameters
    ----------
    max_bytes : a longer answer is refused
    timeout_s : seconds without a byte that end an attempt
    token : for the server alone, not for where it redirects to

    Raises
    ------
    MissingFileError
        If the server does not give the file.
    TooLongError
        If it is longer than ``max_bytes``.
    ValueError
        If it is another file.
    """
    import pooch

    from unsmear.http import ChangedError, FetchError, TransientError, open_session, read_some, request
    from unsmear.retry import Backoff

    def download(url: str, output: str, _: object) -> None:
        with (
            open_session(token) as session,
            request(session, url, timeout_s) as response,
            Path(output).open("wb") as stream,
        ):
            while block := read_some(response, BLOCK_BYTES):
                if stream.tell() + len(block) > max_bytes:
                    raise TooLongError(
                        f"{public_url(url)} has more than {max_bytes} bytes, the most that are fetched; "
                        "fetch it by hand if it is the right file"
                    )
                stream.write(block)
            length = response.headers.get("Content-Length", "")
            if length.isdecimal() and stream.tell() != int(length):
                raise TransientError("the connection was cut")

    pooch.get_logger().setLevel(logging.WARNING)  # its notes hold the URL, and the URL may hold a password
    known = f"sha256:{sha256}" if sha256 else None
    try:
        Backoff(NUM_ATTEMPTS - 1, MAX_WAIT_S).call(
            lambda: pooch.retrieve(url, known, path.name, path.parent, downloader=download)
        )
    except (FetchError, ChangedError) as error:
        raise MissingFileError(
            f"{public_url(url)} cannot be fetched: {error}; fetch it by hand and name the file instead of the URL"
        ) from None
    except TooLongError:
        raise
    except ValueError as error:
        raise ValueError(f"{public_url(url)} is another file: {error}") from None


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
        fetch_file(source, cache_folder() / sha256, max_bytes, sha256=sha256)
        return cache_folder() / sha256
    path = Path(source).expanduser()
    if not path.is_file():
        raise MissingFileError(f"{source} does not exist; correct the path or configure a URL")
    check_file(path, None, sha256)
    return path
