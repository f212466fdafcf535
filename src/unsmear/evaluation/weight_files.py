"""Weights of other people's networks: from a file or URL, known by their SHA-256."""

from __future__ import annotations

import logging
import os
import urllib.error
import urllib.request
from pathlib import Path

from unsmear.files import sha256_of, write_atomically

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/unsmear`` or ``~/.cache/unsmear``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unsmear"


def find_weights(source: str, sha256: str) -> Path | None:
    """The file that ``source`` names, downloaded once if it is a URL; None, and a warning, if it is not there.

    Raises
    ------
    ValueError
        If the file's SHA-256 is another: weights that nobody vouched for are never loaded.
    """
    if source.startswith(("http://", "https://")):
        path = cache_folder() / sha256
        if not path.is_file() and not _download(source, path, sha256):
            return None
    else:
        path = Path(source)
        if not path.is_file():
            log.warning("%s does not exist; the measure that needs it is left out", source)
            return None
    _check(path, source, sha256)
    return path


def _download(url: str, path: Path, sha256: str) -> bool:
    try:
        with write_atomically(path) as temporary:
            with urllib.request.urlopen(url, timeout=60) as answer, temporary.open("wb") as stream:
                while block := answer.read(2**20):
                    stream.write(block)
            _check(temporary, url, sha256)
    except (urllib.error.URLError, OSError) as error:
        log.warning("%s cannot be fetched (%s); the measure that needs it is left out", url, error)
        return False
    return True


def _check(path: Path, source: str, sha256: str) -> None:
    found = sha256_of(path)
    if found != sha256:
        raise ValueError(f"{source} has SHA-256 {found}, configured is {sha256}; fetch the file again or correct it")
