"""Baselines on pictures whose best numbers are known, and what fits them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from unsmear.evaluation.baselines import (
    FittedBaselines,
    deblur,
    predict_from_blurry,
    predict_from_middle,
    repeat,
    shift,
    wiener,
)
from unsmear.evaluation.config import BASELINES_OF_INPUT, BASELINES_OF_SYSTEM
from unsmear.evaluation.fit_camera import fit_wiener_k
from unsmear.evaluation.fit_shift import NUM_GROUPS, fit_shift, read_some_groups
from unsmear.evaluation.psnr import psnr
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig


def smooth(seed: int, size: int = 64) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (size, size, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.rint((blurred - blurred.min()) / np.ptp(blurred) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def masked() -> Camera:
    return Camera.from_config(CameraConfig(name="masked", optics="masked"), 7)


def test_wiener_undoes_an_asymmetric_blur_exactly():
    # Its spectrum has no zero, so without noise nothing is lost.
    psf = np.zeros((3, 3, 3))
    psf[1, 1], psf[1, 2], psf[0, 1] = 0.7, 0.2, 0.1
    sharp = smooth(0).astype(np.float32) / 255
    padded = np.pad(sharp, ((1, 1), (1, 1), (0, 0)), mode="edge")
    blurred = 0.7 * sharp + 0.2 * padded[1:-1, :-2] + 0.1 * padded[2:, 1:-1]
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(wiener(blurred, psf, 1e-7)[inner], sharp[inner], atol=2e-3)
    # Turned by 180 degrees it would undo another blur.
    assert np.abs(wiener(blurred, psf[::-1, ::-1], 1e-7)[inner] - sharp[inner]).mean() > 0.01


@pytest.mark.parametrize("k", [1e-4, 0.1, 10.0])
def test_wiener_keeps_brightness_and_an_ideal_lens(k):
    even = np.full((40, 50, 3), 0.3, np.float32)
    np.testing.assert_allclose(wiener(even, np.full((5, 5, 3), 1 / 25), k), even, atol=1e-5)
    standard = Camera.from_config(CameraConfig(name="standard", optics="standard"), 7)
    np.testing.assert_array_equal(deblur(smooth(1), standard, k), smooth(1))


@pytest.mark.parametrize("response", ["identity", "srgb"])
def test_deblur_takes_out_tint_and_blur_in_linear_light(response):
    camera = Camera.from_config(CameraConfig(name="masked", optics="masked", response=response), 7)
    truth = np.clip(smooth(2), 20, 230)
    blurry = camera.render(repeat(truth, 7))
    assert psnr(deblur(blurry, camera, 1e-3), truth) > psnr(blurry, truth) + 6
    assert np.abs(deblur(blurry, camera, 1e-3).mean(axis=(0, 1)) - truth.mean(axis=(0, 1))).max() < 1.5


def test_constant_is_chosen_for_the_best_middle_frame(masked):
    truths = [repeat(smooth(seed), 7) for seed in (3, 4)]
    blurry = [masked.render(truth) for truth in truths]
    noisy = [np.clip(b + np.random.default_rng(0).normal(0, 8, b.shape), 0, 255).astype(np.uint8) for b in blurry]
    quiet_k, noisy_k = fit_wiener_k(blurry, truths, masked), fit_wiener_k(noisy, truths, masked)
    assert quiet_k < noisy_k / 10
    for factor in (0.3, 3):
        at = [
            np.mean([psnr(deblur(b, masked, k), t[3]) for b, t in zip(noisy, truths, strict=True)])
            for k in (noisy_k, factor * noisy_k)
        ]
        assert at[0] > at[1]


def test_shift_moves_to_the_right_and_down_in_time():
    source = smooth(5)
    frames = shift(source, (3, -6), 7)
    np.testing.assert_array_equal(frames[3], source)
    np.testing.assert_array_equal(frames[6][:-6, 3:], source[6:, :-3])
    np.testing.assert_array_equal(frames[0][6:, :-3], source[:-6, 3:])


def test_shift_is_found_in_either_direction_of_time():
    vector = (2.0, -3.25)
    pictures = [smooth(seed) for seed in range(3)]
    truths = [shift(picture, vector, 7)[:: -1 if index else 1] for index, picture in enumerate(pictures)]
    found = np.array(fit_shift(pictures, truths))
    assert min(np.abs(found - vector).max(), np.abs(found + vector).max()) < 0.1


def test_baselines_of_a_system_rest_on_its_middle_frame():
    middle = smooth(6)
    frames = predict_from_middle(middle, 7, FittedBaselines((2.0, 1.0), None, 4))
    assert tuple(frames) == BASELINES_OF_SYSTEM
    np.testing.assert_array_equal(frames["repeated"], repeat(middle, 7))
    np.testing.assert_array_equal(frames["shift"], shift(middle, (2.0, 1.0), 7))


def test_baselines_of_a_camera_rest_on_its_picture(masked):
    blurry, still = masked.render(repeat(smooth(7), 7)), smooth(7)
    frames = predict_from_blurry(blurry, still, masked, FittedBaselines((2.0, 1.0), 0.01, 4))
    assert tuple(frames) == BASELINES_OF_INPUT
    np.testing.assert_array_equal(frames["wiener"], repeat(deblur(blurry, masked, 0.01), 7))
    np.testing.assert_array_equal(frames["shift"], shift(still, (2.0, 1.0), 7))


def test_fitted_numbers_come_back_and_damage_is_named(tmp_path):
    path = tmp_path / "baselines.json"
    fitted = FittedBaselines((1.5, -2.25), 0.0123, 18)
    fitted.save(path)
    assert FittedBaselines.load(path) == fitted
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 9'))
    with pytest.raises(ValueError, match=r"baselines\.json.*fit them again"):
        FittedBaselines.load(path)


def test_some_groups_are_spread_over_the_split_and_cut(tmp_path):
    records = []
    for number in range(3):
        frames = np.full((14 * 7, 300, 280, 3), number, np.uint8)
        for folder, store in (("frames", frames), ("blur", frames[::7])):
            (tmp_path / folder / "val").mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / folder / "val" / f"00{number}.npy", store)
        files = {folder: tmp_path / folder / "val" / f"00{number}.npy" for folder in ("frames", "blur")}
        records.append({"split": "val", "sequence": f"00{number}", **files})
    groups = read_some_groups(records, 7)
    assert len(groups) == NUM_GROUPS
    assert [group.truth[0, 0, 0, 0] for group in groups] == sorted(group.truth[0, 0, 0, 0] for group in groups)
    assert {group.truth.shape for group in groups} == {(7, 256, 256, 3)}
    assert {int(group.blurry[0, 0, 0]) for group in groups} == {0, 1, 2}
