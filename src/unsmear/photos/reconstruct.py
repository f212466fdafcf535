"""From one blurry picture to the frames that were exposed in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unsmear.photos.arrays import as_picture
from unsmear.photos.picture import MAX_BYTES, MAX_PIXELS, Picture
from unsmear.photos.reconstruction import Reconstruction
from unsmear.photos.reconstructor import Camera, Device, Precision, Reconstructor, Views
from unsmear.photos.sources import read_photo

if TYPE_CHECKING:
    from PIL.Image import Image

    from unsmear.photos.tiles import Progress


def reconstruct(
    picture: str | Path | np.ndarray | Image | Picture,
    *,
    camera: Camera = "standard",
    weights: str | Path | Sequence[str | Path] | None = None,
    frames: int | None = None,
    scale: float = 1.0,
    tile: int | None = None,
    memory: int | None = None,
    device: Device = "auto",
    precision: Precision = "auto",
    self_ensemble: Views = 1,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
    progress: Progress | None = None,
) -> Reconstruction:
    """Turn one blurry picture into the sharp frames that were exposed in it.

    Parameters
    ----------
    picture : a file; or (H, W), (H, W, 3) or (H, W, 4) numbers, uint8, uint16 or float with full scale 1, RGB
    camera : that took it: ``standard``, or ``masked`` for a lens with the phase mask; its shipped weights are taken
    weights : weights files, a system's folder or ``hf://user/name`` to take instead
    frames : None or 7 for all; 4 for the sharp middle picture alone, which is faster; up to 240 adds frames in
        between, moved along the motion that the networks predict (or, where they predict none, that is estimated)
    scale : the picture is resized by this factor first, 0.05 to 1
    tile : side in px of a square of as many pixels as go through the networks at once; None chooses by memory
    memory : bytes that may be taken; None is half of what is free
    device, precision : ``auto`` takes CUDA, else Apple's mps, else the CPU, and bfloat16 on a GPU that has it
    self_ensemble : 2, 4 or 8 average the middle frame over as many views of the picture, mirrored and turned: a little
        sharper, and slower
    max_pixels, max_bytes : larger files are refused
    progress : is told how many stages of tiles are done, and of how many

    Returns
    -------
    the frames, with the picture and notes

    Raises
    ------
    ValueError
        If the picture, the weights or a number cannot be used; the message says what to do.
    """
    if isinstance(picture, str | Path):
        picture = read_photo(picture, memory, max_pixels, max_bytes)
    elif not isinstance(picture, Picture):
        picture = as_picture(picture)
    paths = (weights,) if isinstance(weights, str | Path) else tuple(weights or ())
    return _load(camera, paths, device, precision, self_ensemble)(picture, frames, scale, tile, memory, progress)


@lru_cache(maxsize=2)
def _load(
    camera: Camera, weights: tuple[str | Path, ...], device: Device, precision: Precision, self_ensemble: Views
) -> Reconstructor:
    return Reconstructor(camera, weights, device, precision, self_ensemble)
