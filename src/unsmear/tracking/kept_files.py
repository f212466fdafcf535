"""Files of a run, kept beside its journal as they were when they were recorded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from unsmear.files import write_atomically
from unsmear.tracking.secrets import redact

_TEXT_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".txt", ".md", ".toml", ".csv", ".log", ".html", ".cfg", ".ini"})
_LARGEST_TEXT = 5_000_000


def keep_file(path: Path, kept: Path) -> None:
    """Keep ``path`` as it is now under the name ``kept``: a text without secrets, all else as a link where possible."""
    with write_atomically(kept) as temporary:
        if path.suffix.lower() in _TEXT_SUFFIXES and path.stat().st_size <= _LARGEST_TEXT:
            text = redact(path.read_bytes().decode(errors="surrogateescape"))
            temporary.write_bytes(text.encode(errors="surrogateescape"))
            return
        try:  # a file that is written once and whole costs only a link
            os.link(path, temporary)
        except OSError:  # another file system
            shutil.copyfile(path, temporary)
