"""What the names of files and folders say by themselves."""

from __future__ import annotations

import re

_BLURRED = re.compile(r"(?<![a-z])(?:motion)?blur(?:red|ry)?(?![a-z])")
_SLOW_REDS = re.compile(r"(?<![a-z])(?:train|val|test)_sharp(?![a-z])")


def says_blurred(path: str) -> bool:
    """Whether a part of a path calls its pictures blurred, as `train_blur`, `blur_gamma` or `blurry`."""
    return _BLURRED.search(path.lower()) is not None


def says_slow(path: str) -> bool:
    """Whether a path is one of REDS' sets of 24 frames a second (`train_sharp`, `val_sharp_bicubic`)."""
    return _SLOW_REDS.search(path.lower()) is not None


def natural_key(name: str) -> list[tuple[int, str]]:
    """Key that sorts names as people count: `a2` before `a10`."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.findall(r"\d+|\D+", name)]
