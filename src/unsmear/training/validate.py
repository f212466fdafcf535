"""How good a stage is on the validation split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from unsmear.losses.reconstruction import mse
from unsmear.losses.temporal_order import free_per_sample
from unsmear.training.objective import Objective
from unsmear.training.processes import Processes

# Blurry (H, W, 3), predicted and true (K, H, W, 3) pictures, uint8 RGB.
Show = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


@torch.no_grad()
def validate(
    objective: Objective, pictures: DataLoader[Any], processes: Processes, show: Show | None = None
) -> dict[str, float]:
    """Means over whole pictures of every term of the loss, and of the PSNR.

    The PSNR (``psnr``, dB) is of clipped frames against the truth, in the better direction where
    either is right. Each of several processes takes its share of the pictures.

    Parameters
    ----------
    pictures : of this process: number of the picture, blurry and sharp codes, and motion where the loss needs it
    show : called by the first process with its first blurry picture and the frames
    """
    objective.stage.eval()
    found: list[tuple[int, dict[str, float]]] = []
    for number, (blurry, sharp, *motion) in zip(pictures.sampler, pictures, strict=True):
        light, truth = to_light(blurry, objective.precision), to_light(sharp, objective.precision)
        prediction = objective.predict(light, truth, *(to_pixels(field, objective.precision) for field in motion))
        predicted, wanted = prediction.frames, prediction.truth
        if show is not None and not found and processes.is_first:
            show(to_codes(light[0]), to_codes(predicted[0]), to_codes(wanted[0]))
        clipped = predicted.clamp(0, 1)
        error = free_per_sample(mse, clipped, wanted) if objective.order_is_free else mse(clipped, wanted)
        terms = {**objective.terms(prediction), "psnr": -10 * torch.log10(error.clamp_min(1e-10))}
        found.append((number, {name: float(value) for name, value in terms.items()}))
    everything = [values for _, values in sorted(processes.gather(found), key=lambda entry: entry[0])]
    return {name: float(np.mean([values[name] for values in everything])) for name in everything[0]}


def to_light(pictures: Tensor, precision: Any) -> Tensor:
    """Codes (..., H, W, 3) uint8 to light (..., 3, H, W) with full scale 1, on the device."""
    return pictures.to(precision.device, non_blocking=True).movedim(-1, -3).to(precision.dtype).div_(255)


def to_pixels(motion: Tensor, precision: Any) -> Tensor:
    """Stored fields (..., h, w, 2) float16 to (..., 2, h, w) on the device, pixels."""
    return motion.to(precision.device, non_blocking=True).movedim(-1, -3).to(precision.dtype)


def to_codes(light: Tensor) -> np.ndarray:
    """(..., 3, H, W) with full scale 1 to (..., H, W, 3) uint8."""
    codes: np.ndarray = (light.float().clamp(0, 1) * 255).round().to(torch.uint8).movedim(-3, -1).cpu().numpy()
    return codes
