"""SSIM against scikit-image with the settings of the deblurring literature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import data
from skimage.metrics import structural_similarity

from unsmear.evaluation.ssim import gaussian_window, ssim


def reference(prediction: np.ndarray, truth: np.ndarray) -> float:
    return structural_similarity(
        truth,
        prediction,
        data_range=255,
        channel_axis=0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray]:
    picture = np.moveaxis(data.astronaut()[100:180, 150:214], -1, 0)
    truth = np.stack([picture, picture[:, ::-1], 255 - picture])
    rng = np.random.default_rng(2)
    spread = np.array([2, 15, 60]).reshape(3, 1, 1, 1)
    noisy = np.clip(truth + rng.normal(0, 1, truth.shape) * spread, 0, 255).astype(np.uint8)
    return noisy, truth


@pytest.mark.parametrize("convert", [np.asarray, lambda x: torch.from_numpy(np.ascontiguousarray(x))])
def test_equals_scikit_image(images, convert):
    noisy, truth = images
    expected = [reference(p, t) for p, t in zip(noisy, truth, strict=True)]
    np.testing.assert_allclose(ssim(convert(noisy), convert(truth)), expected, rtol=0, atol=1e-4)
    assert min(expected) < 0.6 < max(expected)


def test_smallest_picture_and_flat_picture(images):
    noisy, truth = (x[0][:, :11, :11] for x in images)
    assert float(ssim(noisy, truth)) == pytest.approx(reference(noisy, truth), abs=1e-9)
    flat = np.full((3, 16, 16), 77, np.uint8)
    assert float(ssim(flat, flat)) == pytest.approx(1)


def test_window_has_sum_one_and_is_symmetric():
    weights = gaussian_window()
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights, weights[::-1])
    assert weights[6] / weights[5] == pytest.approx(np.exp(-0.5 / 1.5**2))


def test_refuses_pictures_below_the_window():
    small = np.zeros((3, 10, 40), np.uint8)
    with pytest.raises(ValueError, match="at least 11 px"):
        ssim(small, small)
