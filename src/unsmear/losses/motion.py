"""Distance between predicted and true displacement fields."""

from __future__ import annotations

from collections.abc import Callable

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


def relative_error(predicted: Tensor, truth: Tensor) -> Tensor:
    r"""Mean length of the difference as a share of the largest true displacement of the same pixel.

    .. math:: \sqrt{\frac{|u - \hat u|^2 + \epsilon^2}{\max_k |u_k|^2 + s^2}}, \quad \epsilon = 0.01, s = 0.5

    Slow and fast scenes count alike, where in an end-point error the fast ones decide.

    Parameters
    ----------
    predicted, truth : (B, K, 2, H, W), pixels

    Returns
    -------
    (B,)
    """
    largest = truth.square().sum(dim=2).amax(dim=1, keepdim=True)
    return (((predicted - truth).square().sum(dim=2) + 1e-4) / (largest + 0.25)).sqrt().flatten(1).mean(dim=1)


MOTION_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "end_point": end_point_error,
    "relative": relative_error,
}
