"""Which frames are predicted and which are shown."""

from __future__ import annotations

MAX_FRAMES = 240


def choose_frames(frames: int | None, num_frames: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Frames to predict, the numbers of all frames that are shown, and the index of the middle one among them.

    Parameters
    ----------
    frames : how many are asked for, or the number of the middle one for it alone; None is all that are predicted
    num_frames : that the cascade predicts

    Raises
    ------
    ValueError
        With the numbers that can be.
    """
    every, middle = tuple(range(1, num_frames + 1)), (num_frames + 1) // 2
    if frames is None or frames == num_frames:
        return every, every, middle - 1
    if frames == middle:
        return (middle,), (middle,), 0
    if num_frames < frames <= MAX_FRAMES:
        return every, tuple(range(1, frames + 1)), frames // 2
    raise ValueError(
        f"frames is {frames}; {middle} gives the sharp middle picture alone, {num_frames} all frames, "
        f"and {num_frames + 1} to {MAX_FRAMES} more of them in between"
    )
