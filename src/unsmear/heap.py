"""What the C library does with memory that is freed."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

# Of malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


@contextmanager
def kept_by_process() -> Iterator[None]:
    """Let glibc keep what is freed for the next tensors: handing it out anew takes up to a third of the time.

    Afterwards all that is free goes back. Without glibc nothing changes.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    library.mallopt(_M_MMAP_MAX, 0)
    library.mallopt(_M_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        library.mallopt(_M_MMAP_MAX, 65_536)
        library.mallopt(_M_TRIM_THRESHOLD, 128 * 1024)
        library.malloc_trim(0)
