"""Does a predicted sequence run forward in time?"""

from __future__ import annotations

import numpy as np

from unsmear.evaluation.arrays import Images
from unsmear.evaluation.psnr import mean_squared_error, psnr

# Above any PSNR that a single wrong code in a large picture gives; stands in for "identical"
# where two directions are compared.
HIGHEST_PSNR_DB = 200.0


def frame_travel_rms(truth: Images) -> float:
    """RMS difference between the first and the last frame of (N, C, H, W), in the input's units."""
    return float(np.sqrt(mean_squared_error(truth[0], truth[-1])))


def is_static(truth: Images, threshold: float = 2.0) -> bool:
    """Whether first and last frame of 8-bit (N, C, H, W) differ by under ``threshold`` codes RMS.

    Such a group has no direction to find and is left out of the direction accuracy.
    """
    return frame_travel_rms(truth) < threshold


def direction_correct(prediction: Images, truth: Images) -> float:
    r"""Whether a prediction is nearer to the truth than to the truth in reverse.

    .. math:: \sum_i |p_i - x_i|^2 < \sum_i |p_i - x_{N+1-i}|^2

    Parameters
    ----------
    prediction, truth : (N, C, H, W), arrays or tensors of equal shape

    Returns
    -------
    1.0 if so, 0.0 if it is nearer to the reverse, 0.5 where both are equally far. In 8-bit codes
    the comparison is exact, so N equal pictures score 0.5 and nothing else.
    """
    forward, backward = _whole_error(prediction, truth), _whole_error(prediction, truth[_reversed(truth)])
    return 0.5 if forward == backward else float(forward < backward)


def _whole_error(prediction: Images, truth: Images) -> float:
    """Mean squared error over all frames at once; one integer sum for 8-bit codes."""
    height, width = truth.shape[-2:]
    return float(mean_squared_error(prediction.reshape(-1, height, width), truth.reshape(-1, height, width)))


def runs_backward(prediction: Images, truth: Images) -> bool:
    """Whether the reversed prediction has the higher mean PSNR; chosen once for the whole group.

    Parameters
    ----------
    prediction, truth : (N, C, H, W), 8-bit codes, arrays or tensors of equal shape

    Source: the direction rule of the HyperCUT evaluation (2023).
    """
    forward = np.minimum(psnr(prediction, truth), HIGHEST_PSNR_DB).mean()
    backward = np.minimum(psnr(prediction[_reversed(prediction)], truth), HIGHEST_PSNR_DB).mean()
    return bool(backward > forward)


def in_best_direction(prediction: Images, truth: Images) -> Images:
    """``prediction``, reversed in time where that raises its mean PSNR."""
    return prediction[_reversed(prediction)] if runs_backward(prediction, truth) else prediction


def _reversed(frames: Images) -> list[int]:
    """Indices of the frames from last to first (tensors know no negative step)."""
    return list(range(len(frames) - 1, -1, -1))
