"""Frames are numbered from 1, arrays are indexed from 0: the one place where the two meet."""

from __future__ import annotations


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
