"""The blurry picture with its camera's tint and darkening taken out: what the networks must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from unsmear.optics.response import Response


def equalise(blurry: np.ndarray, energy: np.ndarray, response: Response | None = None) -> np.ndarray:
    """Restore, in linear light and rounded to whole codes, what the camera's PSFs lose of each colour.

    A phase mask that loses light outside its PSF's support darkens and tints the picture; undoing
    that is no deblurring, and no system shall be credited for it. Stages begin with the same curve.

    Parameters
    ----------
    blurry : (..., H, W, 3) uint8 RGB
    energy, response : the camera's; see :func:`unsmear.optics.response.equalised_codes`

    Returns
    -------
    (..., H, W, 3) uint8
    """
    from unsmear.optics.response import equalised_codes

    table = np.clip(np.rint(equalised_codes(energy, response)), 0, 255).astype(np.uint8)
    return np.stack([table[:, c][blurry[..., c]] for c in range(3)], axis=-1)
