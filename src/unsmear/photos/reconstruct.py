"""From one blurry picture to the frames that were exposed in it."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from unsmear.photos.allocation import allocate
from unsmear.photos.arrays import as_picture
from unsmear.photos.choice import choose_frames
from unsmear.photos.picture import MAX_BYTES, MAX_PIXELS, Picture
from unsmear.photos.reconstruction import Reconstruction
from unsmear.photos.scale import check_scale, resize
from unsmear.photos.sources import PICTURE_BYTES, read_photo

if TYPE_CHECKING:
    from PIL.Image import Image

    from unsmear.photos.tiles import Progress

Camera = Literal["standard", "masked"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]
Views = Literal[1, 2, 4, 8]
# Crops of trainings whose weights do not say it.
WINDOW = 128


class Reconstructor:
    """A cascade, loaded once, that turns pictures into frames.

    Parameters
    ----------
    camera : whose shipped weights are taken
    weights : weights files, a system's folder or ``hf://user/name``, instead
    device, precision : ``auto`` takes the best there is; bfloat16 only where the hardware has it
    self_ensemble : views of a picture over which the middle frame is averaged

    Raises
    ------
    ValueError
        If there are no such weights or no such device.
    """

    def __init__(
        self,
        camera: Camera = "standard",
        weights: Sequence[str | Path] | None = None,
        device: Device = "auto",
        precision: Precision = "auto",
        self_ensemble: Views = 1,
    ) -> None:
        from unsmear.cascade.config import InferenceConfig
        from unsmear.cascade.header import read_header
        from unsmear.cascade.inference import CascadeInference
        from unsmear.cascade.order import find_weights
        from unsmear.hub import fetch_addresses
        from unsmear.photos.still import records_mean
        from unsmear.weights.load import shipped_weights

        for name, value, kind in (
            ("camera", camera, Camera),
            ("device", device, Device),
            ("precision", precision, Precision),
            ("self_ensemble", self_ensemble, Views),
        ):
            if value not in get_args(kind):
                raise ValueError(f"{name} is {value!r}; choose one of {', '.join(map(str, get_args(kind)))}")
        paths = find_weights(fetch_addresses(weights)) if weights else shipped_weights(camera)
        headers = [read_header(path) for path in paths]
        crops = [header["hparams"].get("crop", WINDOW) for header in headers]
        self.is_mean = all(records_mean(header["camera"]) for header in headers)
        config = InferenceConfig(
            device=device,
            precision=precision,
            self_ensemble=self_ensemble,
            attention_window=max(16, *crops),
            compile=False,
        )
        self.inference = CascadeInference.load(paths, config)
        self.num_frames = self.inference.num_frames

    def check(self, frames: int | None, scale: float) -> None:
        """Refuse a number of frames or a scale with which no picture can be made.

        Raises
        ------
        ValueError
            With the numbers that can be.
        """
        choose_frames(frames, self.num_frames)
        check_scale(scale)

    def __call__(
        self,
        picture: Picture,
        frames: int | None = None,
        scale: float = 1.0,
        tile: int | None = None,
        memory: int | None = None,
        progress: Progress | None = None,
    ) -> Reconstruction:
        """Turn one picture into frames; see :func:`reconstruct`."""
        from unsmear.photos.interpolation import MAX_SIDE, fill_between
        from unsmear.photos.memory import free_memory
        from unsmear.photos.tiles import TiledCascade

        predicted, numbers, middle = choose_frames(frames, self.num_frames)
        blurry = resize(picture.pixels, scale)
        height, width = blurry.shape[:2]
        bound = free_memory() // 2 if memory is None else memory
        device = self.inference.device
        cascade = TiledCascade(self.inference, predicted, self.is_mean)
        left = bound - PICTURE_BYTES * height * width
        between = len(numbers) > len(predicted)
        if between and max(height, width) > MAX_SIDE:
            raise ValueError(
                f"the picture is {width} x {height} px; frames in between are made up to {MAX_SIDE} px a side, so use "
                f"--frames {self.num_frames}, or --scale"
            )
        patch = cascade.motion_patch if between else None
        grid = (len(predicted), 2, -(-height // patch), -(-width // patch)) if patch else (0,)
        num_arrays = len(numbers) + (len(predicted) if between else 0)
        result_bytes = num_arrays * blurry.nbytes + 2 * math.prod(grid)
        on_disk = result_bytes > left / 2
        if not on_disk:
            left -= result_bytes
        if device.type == "cuda":
            # The picture and the frames lie in another memory.
            left = free_memory(device) // 2 if memory is None else min(memory, free_memory(device))
        size = cascade.choose_size(height, width, left) if tile is None else max(tile, cascade.smallest)
        folder = tempfile.TemporaryDirectory(prefix="unsmear-") if on_disk else None
        base = allocate((len(predicted), *blurry.shape), folder, "predicted")
        motion = allocate(grid, folder, "motion", np.float16) if patch else None
        if motion is not None:
            motion[:] = 0  # of the middle frame
        size, note = cascade(blurry, base, size, progress, motion)
        notes = [*picture.notes, *([note] if note else [])]
        if not cascade.seamless and size**2 < height * width:
            notes.append("these networks look at the whole picture at once, so its tiles may differ a little")
        if between:
            result = allocate((len(numbers), *blurry.shape), folder, "all")
            fill_between(base, len(numbers), result, motion)
        else:
            result = base
        return Reconstruction(blurry, result, numbers, middle, picture, tuple(notes), folder)


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
