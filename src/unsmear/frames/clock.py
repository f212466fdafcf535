"""Whether the frames of a video follow each other evenly, and where some were dropped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Any

MAX_GAPS = 0.1
TOLERANCE = 0.25


def find_dropped(times: Sequence[int | None], time_base: Any, video: str | Path) -> list[int]:
    """Index of each frame before which frames are missing, by the times of all.

    An interval is even if it differs from the median by a quarter at most, or by the one tick that
    rounding costs; one of half as much again or more is a gap.

    Parameters
    ----------
    times : of each frame, in ticks; None where the file names none, which is taken for even
    time_base : seconds of a tick

    Raises
    ------
    ValueError
        If an interval is neither, or more than a tenth are gaps: the rate varies.
    """
    known = [(index, time) for index, time in enumerate(times) if time is not None]
    intervals = [(index, b - a) for (_, a), (index, b) in pairwise(known)]
    if not intervals:
        return []
    usual = median_low(interval for _, interval in intervals)
    # One tick is no rounding where it is the interval itself.
    tolerance = max(TOLERANCE * usual, 1 if usual > 1 else 0)
    uneven = [(index, interval) for index, interval in intervals if abs(interval - usual) > tolerance]
    gaps = [index for index, interval in uneven if interval >= 1.5 * usual > 0]
    others = [(index, interval) for index, interval in uneven if index not in set(gaps)]
    if others or len(gaps) > max(1, MAX_GAPS * len(intervals)):
        index, interval = (others or uneven)[0]
        milliseconds = 1000 * float(time_base)
        time = (times[index] or 0) * milliseconds / 1000
        raise ValueError(
            f"{video}: variable frame rate: at {time:.3f} s a frame comes after {interval * milliseconds:.2f} ms, "
            f"others after {usual * milliseconds:.2f} ms. One exposure needs frames taken evenly, which doubling or "
            "leaving out frames (ffmpeg -fps_mode cfr) does not give: record at a constant rate, or cut out a part "
            "that has one; if the frames were taken evenly and only their times are wrong, write these anew, for 120 "
            'frames a second by ffmpeg -i in.mp4 -vf "setpts=N/(120*TB)" -r 120 out.mp4'
        )
    return gaps
