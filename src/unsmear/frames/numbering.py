"""Frames are numbered from 1, arrays are indexed from 0: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def frame_index(number: int) -> int:
    """Array index of the frame with this number (from 1).

    Raises
    ------
    ValueError
        If the number is below 1.
    """
    if number < 1:
        raise ValueError(f"frame number {number}: frames are numbered from 1")
    return number - 1


def describe_numbers(numbers: list[int], most: int = 8) -> str:
    """Short text for a list of numbers: runs are joined, a long tail is counted."""
    ordered = sorted(set(numbers))
    runs: list[list[int]] = []
    for number in ordered:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:most]]
    if len(runs) > most:
        rest = sum(last - first + 1 for first, last in runs[most:])
        texts.append(f"and {rest} more")
    return ", ".join(texts)


def check_numbers(frames: list[tuple[int, str]] | None, name: str) -> list[str]:
    """Member names in the order of frame numbers, when these run without gap or double.

    Raises
    ------
    ValueError
        Naming ``name`` and the numbers.
    """
    if frames is None:
        raise ValueError(f"{name} is not there; check the archive and the sequence's name")
    if not frames:
        raise ValueError(f"{name} has no frame; add its NNNNNNNN.png files or remove the folder")
    numbers = [number for number, _ in frames]
    check_doubles(numbers, name)
    if find_gaps(numbers):
        raise ValueError(
            f"{name} lacks frames {describe_gaps(numbers)}; add them, or renumber the frames if none is missing"
        )
    return [member for _, member in frames]


def check_doubles(numbers: Sequence[int], name: str) -> None:
    """Refuse rising numbers of which some come twice.

    Raises
    ------
    ValueError
        Naming ``name`` and the numbers.
    """
    if doubles := [one for one, other in pairwise(numbers) if one == other]:
        raise ValueError(f"{name} holds frames twice: {describe_numbers(doubles)}; keep one of each")


def find_gaps(numbers: Sequence[int]) -> list[int]:
    """Index of each entry of a rising list before which numbers are missing."""
    return [index for index, (one, other) in enumerate(pairwise(numbers), start=1) if other > one + 1]


def describe_gaps(numbers: Sequence[int], most: int = 8) -> str:
    """Short text for the numbers that a rising list lacks: `2, 5-6 and 3 more gaps`."""
    gaps = [(numbers[index - 1] + 1, numbers[index] - 1) for index in find_gaps(numbers)]
    text = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in gaps[:most])
    return text + (f" and {len(gaps) - most} more gaps" if len(gaps) > most else "")


def whole_groups(length: int, gaps: Sequence[int], num_frames: int) -> list[int]:
    """Indices of the frames that make up whole groups of which none reaches across a gap; all where there is none.

    Parameters
    ----------
    length : frames there are
    gaps : index of each frame before which others are missing, rising
    num_frames : frames of a group
    """
    if not gaps:
        return list(range(length))
    runs = pairwise([0, *gaps, length])
    return [index for first, end in runs for index in range(first, end - (end - first) % num_frames)]
