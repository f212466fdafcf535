"""Peak signal-to-noise ratio of single images."""

from __future__ import annotations

import numpy as np

from unsmear.evaluation.arrays import Images, check_same_shape, is_8_bit, to_double, to_integer, to_numpy


def mean_squared_error(prediction: Images, truth: Images) -> np.ndarray:
    r"""Mean squared difference of each image, over its last three axes.

    Parameters
    ----------
    prediction, truth : (..., C, H, W) or (..., H, W, C), arrays or tensors of equal shape

    Returns
    -------
    (...), float64, in squared units of the input. Of 8-bit images the sum is taken in integers,
    so that it does not depend on the order of summation.
    """
    check_same_shape(prediction, truth)
    exact = is_8_bit(prediction) and is_8_bit(truth)
    convert = to_integer if exact else to_double
    difference = convert(prediction) - convert(truth)
    # reshape, not a multi-axis sum: the same call exists for arrays and tensors.
    squared = (difference * difference).reshape(*difference.shape[:-3], -1)
    return to_numpy(squared.sum(-1)).astype(np.float64) / squared.shape[-1]


def psnr(prediction: Images, truth: Images, data_range: float = 255.0) -> np.ndarray:
    r"""Peak signal-to-noise ratio of each image, in dB.

    .. math:: \mathrm{PSNR} = 10 \log_{10} \frac{R^2}{\mathrm{MSE}}

    Parameters
    ----------
    prediction, truth : (..., C, H, W) or (..., H, W, C), arrays or tensors of equal shape
        The mean runs over all pixels (no border is cut) and all colours of one image.
    data_range : full scale R, 255 for 8-bit codes

    Returns
    -------
    (...), float64, dB; infinite where the two images are identical.
    """
    with np.errstate(divide="ignore"):
        return 10 * np.log10(data_range**2 / mean_squared_error(prediction, truth))


def finite_mean(values: np.ndarray) -> tuple[float, int]:
    """Mean of the finite ``values`` and the number of infinite ones (identical images).

    The mean is NaN where no value is finite. NaN values count as neither.
    """
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    return (float(finite.mean()) if finite.size else float("nan")), int(np.isinf(values).sum())
