"""What comes of a blurry picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unsmear.photos.picture import Picture


@dataclass(frozen=True)
class Reconstruction:
    """A blurry picture and its sharp frames.

    Attributes
    ----------
    blurry : (H, W, 3) uint8 sRGB, as the frames were computed from it
    frames : (N, H, W, 3) uint8 sRGB
    numbers : what each frame is called: its number from 1, in the order of time
    middle : index of the frame nearest to the middle of the exposure
    picture : the photo as it was read
    notes : what a person should know
    """

    blurry: np.ndarray
    frames: np.ndarray
    numbers: tuple[int, ...]
    middle: int
    picture: Picture
    notes: tuple[str, ...] = ()
    _folder: Any = field(default=None, repr=False, compare=False)
