"""Noise of the sensor, in linear light."""

from __future__ import annotations

import numpy as np

from unsmear.optics.config import NoiseConfig


def add_noise(linear: np.ndarray, noise: NoiseConfig, rng: np.random.Generator) -> np.ndarray:
    r"""Add shot and read noise to an exposed picture.

    .. math:: z = \mathrm{Poisson}(F y) / F + \sigma n, \quad n \sim \mathcal{N}(0, 1)

    Parameters
    ----------
    linear : (..., 3) light in [0, 1]
    noise : F = ``full_well_electrons`` (0 leaves shot noise out), sigma = ``read_noise``
    rng : source of the noise

    Returns
    -------
    of the same shape and type; may lie outside [0, 1]
    """
    result = linear
    if noise.full_well_electrons > 0:
        electrons = rng.poisson(np.maximum(linear, 0).astype(np.float64) * noise.full_well_electrons)
        result = (electrons / noise.full_well_electrons).astype(linear.dtype)
    if noise.read_noise > 0:
        result = result + rng.standard_normal(linear.shape, np.float32) * np.float32(noise.read_noise)
    return result.astype(linear.dtype, copy=False)
