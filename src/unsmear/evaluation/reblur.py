"""Does a prediction, exposed again, give the picture that it was made from?"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from unsmear.evaluation.psnr import psnr


class Exposes(Protocol):
    """What a camera must offer here."""

    def render(self, frames: np.ndarray, seed: int) -> np.ndarray:
        """Blurry image (H, W, 3) uint8 of the sharp frames (N, H, W, 3) uint8."""


def reblur_psnr(prediction: np.ndarray, blurry: np.ndarray, camera: Exposes, seed: int = 0) -> float:
    r"""PSNR between the camera's picture of the predicted frames and the blurry image, in dB.

    It needs no truth. Where the camera adds noise, the noise bounds it from above: ``seed`` draws
    other noise than the blurry image has.

    Parameters
    ----------
    prediction : (N, H, W, 3) uint8 RGB
    blurry : (H, W, 3) uint8 RGB
    camera : the camera that took ``blurry``
    """
    return float(psnr(camera.render(prediction, seed), blurry))
