"""Trying again what a store or the way to it has failed at."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

LONGEST_PAUSE_S = 60.0
_T = TypeVar("_T")


def pause_s(attempt: int, longest: float = LONGEST_PAUSE_S) -> float:
    """Seconds to wait after failure number ``attempt`` (from 0): doubling, with some chance in it."""
    return min(longest, 0.5 * 2.0 ** min(attempt, 10)) * random.uniform(0.75, 1.25)


def try_often(action: Callable[[], _T], attempts: int, longest: float = 8.0) -> _T:
    """Result of ``action``, called again after a failure; what its last attempt raises is raised."""
    for attempt in range(attempts - 1):
        try:
            return action()
        except Exception:
            time.sleep(pause_s(attempt, longest))
    return action()
