"""The blurry picture with its camera's tint and darkening taken out: what the networks must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from unsmear.optics.response import Response


def equalise(blurry: np.ndarray, energy: np.ndarray, response: Response | None = None) -> np.ndarray:
    r"""Divide each colour by the mean energy of the camera's PSFs.

    .. math:: y'_c = \operatorname{round}\left(\min(y_c / e_c, 255)\right)

    or, where the camera has a response g, :math:`g(g^{-1}(y_c) / e_c)`: light is lost before it is
    encoded.

    A phase mask that loses light outside its PSF's support darkens and tints the picture; undoing
    that is no deblurring, and no system shall be credited for it.

    Parameters
    ----------
    blurry : (..., H, W, 3) uint8 RGB
    energy : (3,), sum of the PSF of each colour, averaged over frames, above 0; ones change nothing
    response : the camera's; None and the identity divide the codes themselves

    Returns
    -------
    (..., H, W, 3) uint8
    """
    energy = np.asarray(energy, dtype=np.float64)
    if energy.shape != (3,) or not (energy > 0).all():
        raise ValueError(f"the PSFs' energies must be three numbers above 0, found {energy.tolist()}")
    if response is None or response.kind == "identity":
        return np.clip(np.rint(blurry / energy), 0, 255).astype(np.uint8)
    codes = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    table = np.rint(255 * response.encode(response.linearize(codes).astype(np.float64) / energy)).astype(np.uint8)
    return np.stack([table[:, c][blurry[..., c]] for c in range(3)], axis=-1)
