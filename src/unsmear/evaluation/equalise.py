"""The blurry picture with its camera's tint and darkening taken out: what the networks must beat."""

from __future__ import annotations

import numpy as np


def equalise(blurry: np.ndarray, energy: np.ndarray) -> np.ndarray:
    r"""Divide each colour by the mean energy of the camera's PSFs.

    .. math:: y'_c = \operatorname{round}\left(\min(y_c / e_c, 255)\right)

    A phase mask that loses light outside its PSF's support darkens and tints the picture; undoing
    that is no deblurring, and no system shall be credited for it.

    Parameters
    ----------
    blurry : (..., H, W, 3) uint8 RGB
    energy : (3,), sum of the PSF of each colour, averaged over frames, above 0; ones change nothing

    Returns
    -------
    (..., H, W, 3) uint8
    """
    energy = np.asarray(energy, dtype=np.float64)
    if energy.shape != (3,) or not (energy > 0).all():
        raise ValueError(f"the PSFs' energies must be three numbers above 0, found {energy.tolist()}")
    return np.clip(np.rint(blurry / energy), 0, 255).astype(np.uint8)
