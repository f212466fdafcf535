"""A cascade, loaded once, that turns pictures into frames."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from unsmear.photos.allocation import allocate
from unsmear.photos.choice import choose_frames
from unsmear.photos.picture import Picture
from unsmear.photos.reconstruction import Reconstruction
from unsmear.photos.scale import check_scale, resize
from unsmear.photos.sources import PICTURE_BYTES

if TYPE_CHECKING:
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
        """Turn one picture into frames; see :func:`~unsmear.photos.reconstruct.reconstruct`."""
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
