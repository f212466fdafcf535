"""Arrays in memory, or in files where memory is short."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def allocate(shape: tuple[int, ...], folder: Any, name: str, kind: type[np.generic] = np.uint8) -> np.ndarray:
    """An array in memory, or in a file of the folder where memory is short."""
    if folder is None:
        return np.empty(shape, kind)
    path = Path(folder.name) / f"{name}.npy"
    try:
        array = np.lib.format.open_memmap(path, "w+", kind, shape)
        # Otherwise a disk that is full is noticed at the first write, which ends the process.
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
        return array
    except OSError as error:
        size = math.prod(shape) * np.dtype(kind).itemsize
        raise ValueError(
            f"{size / 2**20:.0f} MiB for the frames fit neither into memory nor into {tempfile.gettempdir()} "
            f"({error.strerror}); set TMPDIR to a larger disk, or use --scale 0.5"
        ) from None
