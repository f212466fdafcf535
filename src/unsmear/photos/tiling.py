"""Covering a picture with tiles that overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass

# What is read of a side, and what is kept of it.
_Span = tuple[slice, slice]


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
    """Cover a picture by tiles that begin at multiples of ``step``, so that they have few pixels in all.

    A tile has at most the pixels of a square of ``size`` px a side, and its sides may differ: long ones save margins.
    Neighbours share ``margin`` px on either side of the seam; the border of the picture has none.
    """
    margin = math.ceil(margin / step) * step
    plans: list[tuple[int, int, list[_Span], list[_Span]]] = []
    for number in range(1, math.ceil(height / step) + 1):
        rows = _spans(height, number, margin, step)
        longest = _longest(rows)
        columns = _spans(width, _least_number(width, size**2 // longest, margin, step), margin, step)
        if longest * _longest(columns) <= size**2:
            plans.append((_sum(rows) * _sum(columns), len(plans), rows, columns))
        elif longest <= 2 * margin + step:
            break
    if not plans:
        rows, columns = (
            _spans(length, _least_number(length, size, margin, step), margin, step) for length in (height, width)
        )
    else:
        *_, rows, columns = min(plans)
    return [Tile((r[0], c[0]), (r[1], c[1])) for r in rows for c in columns]


def _least_number(length: int, longest: int, margin: int, step: int) -> int:
    """Parts of a side, so many that with their margins none is longer than ``longest``, where that can be."""
    core = max(step, (longest - 2 * margin) // step * step)
    return 1 if length <= longest else math.ceil((length - 2 * margin) / core)


def _spans(length: int, number: int, margin: int, step: int) -> list[_Span]:
    """At most ``number`` parts of a side."""
    if number == 1:
        return [(slice(0, length), slice(0, length))]
    core = max(step, math.ceil((length - 2 * margin) / number / step) * step)
    spans, start = [], 0
    while start < length:
        stop = start + core + (margin if start == 0 else 0)
        stop = length if stop + margin >= length else stop
        spans.append((slice(max(0, start - margin), min(length, stop + margin)), slice(start, stop)))
        start = stop
    return spans


def _longest(spans: list[_Span]) -> int:
    return max(read.stop - read.start for read, _ in spans)


def _sum(spans: list[_Span]) -> int:
    return sum(read.stop - read.start for read, _ in spans)
