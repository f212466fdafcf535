"""Weights files of others: fetched, checked before they are opened, and read as plain tensors."""

from __future__ import annotations

import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from unsmear.files import sha256_of, write_atomically

BLOCK_BYTES = 2**20
NUM_ATTEMPTS = 3


def is_url(source: str | Path) -> bool:
    """Whether ``source`` is to be fetched by HTTP."""
    return str(source).startswith(("http://", "https://"))


def check_file(path: Path, size_bytes: int | None, sha256: str | None) -> None:
    """Refuse a file that is not the one meant.

    Raises
    ------
    ValueError
        If the size or the SHA-256 differs, with both values.
    """
    found = path.stat().st_size
    if size_bytes is not None and found != size_bytes:
        raise ValueError(f"{path} has {found} bytes, expected {size_bytes}; fetch it again")
    if sha256 is not None and (digest := sha256_of(path)) != sha256:
        raise ValueError(f"{path} has sha256 {digest}, expected {sha256}; fetch it again")


def fetch_file(url: str, path: Path, max_bytes: int, timeout_s: float = 60.0) -> None:
    """Bring ``url`` to ``path``, whole or not at all; three attempts.

    Parameters
    ----------
    max_bytes : a longer answer is refused
    timeout_s : seconds without a byte that end an attempt

    Raises
    ------
    ValueError
        If the server does not give the file.
    """
    reason = ""
    for _ in range(NUM_ATTEMPTS):
        try:
            _fetch_once(url, path, max_bytes, timeout_s)
            return
        except urllib.error.HTTPError as error:
            reason = f"the server answered {error.code}"
            if error.code < 500 and error.code not in (408, 429):
                break
        except OSError as error:
            reason = f"the connection failed ({type(error).__name__})"
    raise ValueError(
        f"{_public(url)} cannot be fetched: {reason}; fetch it by hand and name the file instead of the URL"
    )


def _fetch_once(url: str, path: Path, max_bytes: int, timeout_s: float) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "unsmear"})
    with (
        urllib.request.urlopen(request, timeout=timeout_s) as response,
        write_atomically(path) as temporary,
        temporary.open("wb") as stream,
    ):
        while block := response.read(BLOCK_BYTES):
            if stream.tell() + len(block) > max_bytes:
                raise ValueError(f"{_public(url)} is longer than {max_bytes} bytes; it is another file")
            stream.write(block)
        announced = response.headers.get("Content-Length")
        if announced is not None and stream.tell() != int(announced):
            raise ConnectionError("cut short")


def _public(url: str) -> str:
    """The URL without user, password and query, fit for a message."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def read_legacy(path: Path) -> Any:
    """Read what ``torch.save`` wrote, tensors and plain containers only: no code in the file is run.

    Raises
    ------
    ValueError
        If the file is torn, of another kind, or holds more than that.
    """
    import pickle

    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).split("\n", maxsplit=1)[0]
        raise ValueError(f"{path} cannot be read as torch weights ({reason}); fetch it again") from None


def obtain_file(source: str, sha256: str, max_bytes: int = 2 * 2**30) -> Path:
    """The file that ``source`` names, its SHA-256 checked; a URL is fetched once and kept.

    Downloads lie in ``$XDG_CACHE_HOME/unsmear`` (``~/.cache/unsmear``) under their SHA-256.

    Raises
    ------
    ValueError
        If there is no such file, or it is another one.
    """
    if is_url(source):
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unsmear"
        path = cache / sha256
        if not path.is_file():
            fetch_file(source, path, max_bytes)
            try:
                check_file(path, None, sha256)
            except ValueError:
                path.unlink()
                raise
    else:
        path = Path(source).expanduser()
        if not path.is_file():
            raise ValueError(f"{source} does not exist; correct the path or configure a URL")
    check_file(path, None, sha256)
    return path
