"""How well the motion between frames is met, whatever the error of each frame."""

from __future__ import annotations

import numpy as np

from unsmear.evaluation.arrays import Images, check_same_shape, is_8_bit, to_double, to_integer, to_numpy


def temporal_error(prediction: Images, truth: Images) -> float:
    r"""RMS error of the differences between neighbouring frames, in the input's units.

    .. math:: \sqrt{\operatorname{mean}\left[(p_{i+1} - p_i) - (x_{i+1} - x_i)\right]^2}

    An error that stays the same in all frames costs nothing; flicker does. A still prediction
    (N equal pictures) scores the RMS of the true differences.

    Parameters
    ----------
    prediction, truth : (N, C, H, W), arrays or tensors of equal shape, N at least 2
    """
    check_same_shape(prediction, truth)
    convert = to_integer if is_8_bit(prediction) and is_8_bit(truth) else to_double
    error = convert(prediction) - convert(truth)
    steps = error[1:] - error[:-1]
    squared = to_numpy((steps * steps).reshape(-1).sum())
    return float(np.sqrt(squared / steps.reshape(-1).shape[0]))
