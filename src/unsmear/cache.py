"""Where files lie that can be had again: downloads, compiled kernels and parsed sources."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/unsmear`` or ``~/.cache/unsmear``, whether or not it is there."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unsmear"
