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


def angle_error(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""How far displacements point elsewhere: mean of :math:`1 - u \cdot \hat u / ((|u| + \epsilon) |\hat u|)`.

    :math:`\epsilon` = 0.5 px lets a displacement of nearly nothing count as one that points nowhere. Only pixels whose
    truth is 0.3 px or more count; the others are 0.

    Parameters
    ----------
    predicted, truth : (B, K, 2, H, W), pixels

    Returns
    -------
    (B,), from 0 to 2
    """
    length = truth.square().sum(dim=2).sqrt()
    along = (predicted * truth).sum(dim=2) / length.clamp_min(0.3)
    cosine = along / ((predicted.square().sum(dim=2) + 1e-4).sqrt() + 0.5)
    return ((1 - cosine) * (length >= 0.3)).flatten(1).mean(dim=1)
