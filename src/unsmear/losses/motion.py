"""Distance between predicted and true displacement fields."""

from __future__ import annotations

from torch import Tensor


def end_point_error(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""Mean length of the difference, :math:`\sqrt{|u - \hat u|^2 + \epsilon^2}`, :math:`\epsilon` = 0.01, in pixels.

    Parameters
    ----------
    predicted, truth : (B, K, 2, H, W), pixels

    Returns
    -------
    (B,)
    """
    return ((predicted - truth).square().sum(dim=2) + 1e-4).sqrt().flatten(1).mean(dim=1)
