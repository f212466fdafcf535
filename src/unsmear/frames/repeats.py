"""Frames that repeat the one before: footage whose rate was raised by doubling frames."""

from __future__ import annotations

import warnings

import cv2
import numpy as np

WARN_ABOVE = 0.1
REFUSE_ABOVE = 0.5
BLOCK = 16


class Repeats:
    """Measures, frame by frame, which ones repeat the one before.

    A repeated frame is the same or, encoded again with losses, nearly: at least 9 of 10 samples are
    within one code, no block of 16 x 16 pixels differs by more than 6 codes in the mean, and the whole by less
    than a quarter of what the sequence's larger changes (95th percentile) do. So neither sensor noise, nor a small
    thing that moves in front of a still ground, nor slow motion counts as repetition.

    Parameters
    ----------
    name : of the sequence, for messages
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._last: np.ndarray | None = None
        self._difference: np.ndarray | None = None
        self._changes: list[float] = []
        self._alike: list[bool] = []

    def add(self, frame: np.ndarray) -> None:
        """Look at the next frame, (H, W, 3) uint8, which must not be written to afterwards."""
        if self._last is not None and self._last.shape == frame.shape:
            # Into the same memory: fresh pages would cost more than the difference itself.
            self._difference = cv2.absdiff(frame, self._last, self._difference)
            self._changes.append(sum(cv2.mean(self._difference)) / 3)
            self._alike.append(_is_alike(self._difference))
        self._last = frame

    @property
    def share(self) -> float:
        """Share of the frames that repeat the one before, 0 to 1."""
        if not self._changes:
            return 0.0
        small = 0.25 * np.quantile(self._changes, 0.95)
        pairs = zip(self._changes, self._alike, strict=True)
        repeated = [change == 0 or (alike and change < small) for change, alike in pairs]
        return sum(repeated) / len(repeated)

    def check(self) -> None:
        """Warn where more than a tenth of the frames repeat the one before.

        Raises
        ------
        ValueError
            If more than half do.
        """
        share = self.share
        if share <= WARN_ABOVE:
            return
        text = (
            f"{self._name}: {share:.0%} of the frames repeat the one before, because frames were doubled to raise the "
            "rate, or because nothing moves"
        )
        if share > REFUSE_ABOVE:
            raise ValueError(
                f"{text}; their mean is no exposure: give the footage at the rate at which the camera took it, "
                "and without the parts in which nothing moves"
            )
        warnings.warn(f"{text}; the mean of such frames shows steps", stacklevel=2)


def _is_alike(difference: np.ndarray) -> bool:
    """Whether a difference of two frames, (H, W, 3) uint8, is no more than encoding adds."""
    height, width = difference.shape[:2]
    size = (max(1, width // BLOCK), max(1, height // BLOCK))
    if cv2.resize(difference, size, interpolation=cv2.INTER_AREA).max() > 6:
        return False
    return bool(np.count_nonzero(difference > 1) <= 0.1 * difference.size)
