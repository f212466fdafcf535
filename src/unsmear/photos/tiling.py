"""Covering a picture with tiles that overlap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """What goes through the networks, and the part of it that is kept; rows and columns of the picture."""

    read: tuple[slice, slice]
    keep: tuple[slice, slice]

    @property
    def inside(self) -> tuple[slice, slice]:
        """The part that is kept, in rows and columns of the tile."""
        return tuple(  # type: ignore[return-value]
            slice(keep.start - read.start, keep.stop - read.start)
            for read, keep in zip(self.read, self.keep, strict=True)
        )


def plan_tiles(height: int, width: int, size: int, margin: int, step: int) -> list[Tile]:
    """Cover a picture by tiles of at most ``size`` px a side that begin at multiples of ``step``.

    Neighbours share ``margin`` px on either side of the seam; the border of the picture has none.
    """
    rows, columns = (list(_spans(length, size, margin, step)) for length in (height, width))
    return [Tile((r[0], c[0]), (r[1], c[1])) for r in rows for c in columns]


def _spans(length: int, size: int, margin: int, step: int) -> Iterator[tuple[slice, slice]]:
    if length <= size:
        yield slice(0, length), slice(0, length)
        return
    margin = math.ceil(margin / step) * step
    core = max(step, (size - 2 * margin) // step * step)
    number = math.ceil((length - 2 * margin) / core)
    core = max(step, math.ceil((length - 2 * margin) / number / step) * step)
    start = 0
    while start < length:
        stop = start + core + (margin if start == 0 else 0)
        stop = length if stop + margin >= length else stop
        yield slice(max(0, start - margin), min(length, stop + margin)), slice(start, stop)
        start = stop
