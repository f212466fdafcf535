"""The bound on the pixels of a picture."""

from __future__ import annotations

from pathlib import Path


class TooLargeError(Exception):
    """A picture has more pixels than are read; carries the size, where it is known."""


def check_size(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a picture of no pixels, or of too many (:class:`TooLargeError`)."""
    if min(size) < 1:
        raise ValueError(f"{path} declares {size[0]} x {size[1]} px; it is damaged")
    if size[0] * size[1] > max_pixels:
        raise TooLargeError(f"{size[0]} x {size[1]} px, ")
