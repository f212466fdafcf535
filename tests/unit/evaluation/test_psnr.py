"""PSNR against scikit-image, and what it does with identical and mismatched images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from unsmear.evaluation.psnr import finite_mean, mean_squared_error, psnr


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 256, (4, 3, 21, 17), dtype=np.uint8)
    spread = np.array([1, 4, 20, 80]).reshape(4, 1, 1, 1)
    noisy = np.clip(truth + np.rint(rng.normal(0, 1, truth.shape) * spread), 0, 255).astype(np.uint8)
    return noisy, truth


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_equals_scikit_image(images, convert):
    noisy, truth = images
    found = psnr(convert(noisy), convert(truth))
    expected = [peak_signal_noise_ratio(t, p, data_range=255) for p, t in zip(noisy, truth, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_float_images_and_other_range(images):
    noisy, truth = (x / 255 for x in images)
    expected = peak_signal_noise_ratio(truth[1], noisy[1], data_range=1)
    assert psnr(noisy[1], truth[1], data_range=1.0) == pytest.approx(expected, abs=1e-9)


def test_wrap_around_of_8_bit_codes_does_not_happen():
    black, white = np.zeros((3, 4, 4), np.uint8), np.full((3, 4, 4), 255, np.uint8)
    assert mean_squared_error(black, white) == 255**2
    assert psnr(black, white) == pytest.approx(0)


def test_known_noise_gives_its_psnr():
    rng = np.random.default_rng(1)
    truth = np.full((3, 256, 256), 128.0)
    noisy = truth + rng.normal(0, 5, truth.shape)
    assert psnr(noisy, truth) == pytest.approx(10 * np.log10(255**2 / 25), abs=0.05)


def test_identical_images_are_infinite_and_do_not_spoil_the_mean(images):
    noisy, truth = images
    values = psnr(np.stack([truth[0], noisy[1]]), truth[:2])
    assert np.isinf(values[0])
    mean, num_identical = finite_mean(values)
    assert mean == values[1]
    assert num_identical == 1
    assert np.isnan(finite_mean(np.array([np.inf]))[0])


def test_refuses_shapes_that_would_broadcast(images):
    noisy, truth = images
    with pytest.raises(ValueError, match="differ in shape"):
        psnr(noisy, truth[:1])
