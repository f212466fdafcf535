"""Structural similarity of single images, as the deblurring literature computes it."""

from __future__ import annotations

import numpy as np

from unsmear.evaluation.arrays import Images, check_same_shape, to_double

WINDOW = 11
SIGMA = 1.5


def gaussian_window() -> np.ndarray:
    """Eleven Gaussian weights of standard deviation 1.5 px, sum 1."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (offsets / SIGMA) ** 2)
    return weights / weights.sum()


def _smooth(image: Images, weights: np.ndarray) -> Images:
    """Weighted local means of (C, H, W) wherever the whole window fits: (C, H - 10, W - 10)."""
    half = WINDOW // 2
    rows, columns = image.shape[-2] - WINDOW + 1, image.shape[-1] - WINDOW + 1
    # The window is symmetric: the two pixels at equal distance are added before they are weighted.
    down = float(weights[half]) * image[..., half : half + rows, :]
    for near in range(half):
        far = WINDOW - 1 - near
        down += float(weights[near]) * (image[..., near : near + rows, :] + image[..., far : far + rows, :])
    across = float(weights[half]) * down[..., half : half + columns]
    for near in range(half):
        far = WINDOW - 1 - near
        across += float(weights[near]) * (down[..., near : near + columns] + down[..., far : far + columns])
    return across


def _ssim_of_image(x: Images, y: Images, data_range: float) -> Images:
    weights = gaussian_window()
    mean_x, mean_y = _smooth(x, weights), _smooth(y, weights)
    # Population moments: no N / (N - 1) correction.
    variance_x = _smooth(x * x, weights) - mean_x * mean_x
    variance_y = _smooth(y * y, weights) - mean_y * mean_y
    covariance = _smooth(x * y, weights) - mean_x * mean_y
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    denominator = (mean_x * mean_x + mean_y * mean_y + c1) * (variance_x + variance_y + c2)
    return (numerator / denominator).mean()


def ssim(prediction: Images, truth: Images, data_range: float = 255.0) -> np.ndarray:
    r"""Mean structural similarity of each image, colour by colour.

    .. math::
        \mathrm{SSIM} = \frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
        {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    with Gaussian windows of 11 x 11 px, sigma 1.5 px, and population moments. The map is averaged
    over the pixels whose whole window lies inside the picture, so no border rule enters: 5 px are
    left out on each side.

    Parameters
    ----------
    prediction, truth : (..., C, H, W), arrays or tensors of equal shape, sides at least 11 px
    data_range : full scale, 255 for 8-bit codes

    Returns
    -------
    (...), float64, at most 1.

    Raises
    ------
    ValueError
        If the shapes differ or a side is shorter than the window.

    Source: Wang et al. 2004.
    """
    check_same_shape(prediction, truth)
    height, width = prediction.shape[-2:]
    if min(height, width) < WINDOW:
        raise ValueError(f"SSIM needs sides of at least {WINDOW} px, the image has {height} x {width}")
    leading = tuple(prediction.shape[:-3])
    x = prediction.reshape(-1, *prediction.shape[-3:])
    y = truth.reshape(-1, *truth.shape[-3:])
    # One image at a time: its maps stay in the processor's cache.
    values = [float(_ssim_of_image(to_double(a), to_double(b), data_range)) for a, b in zip(x, y, strict=True)]
    return np.array(values).reshape(leading)
