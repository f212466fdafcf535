"""Direction of time, best direction and temporal consistency on predictions of known quality."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.score import score_group
from unsmear.evaluation.temporal_consistency import temporal_error
from unsmear.evaluation.temporal_order import (
    direction_correct,
    frame_travel_rms,
    in_best_direction,
    is_static,
    runs_backward,
)


def moving_truth(step: int = 3, num_frames: int = 7, seed: int = 0) -> np.ndarray:
    """Frames (N, 3, 24, 32) cut from one random picture, ``step`` px further each frame."""
    picture = np.random.default_rng(seed).integers(20, 236, (3, 24, 32 + step * num_frames), dtype=np.uint8)
    return np.stack([picture[:, :, step * k : step * k + 32] for k in range(num_frames)])


def with_noise(frames: np.ndarray, sigma: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, frames.shape)
    return np.clip(np.rint(frames + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_direction_of_known_predictions(convert):
    truth = moving_truth()
    forward, backward = with_noise(truth, 5), with_noise(truth[::-1], 5)
    still = np.repeat(truth[3:4], 7, axis=0)
    assert direction_correct(convert(forward), convert(truth)) == 1.0
    assert direction_correct(convert(backward), convert(truth)) == 0.0
    assert direction_correct(convert(still), convert(truth)) == 0.5


def test_any_repeated_picture_is_an_exact_tie():
    for seed in range(20):
        truth = moving_truth(seed=seed)
        still = np.repeat(with_noise(truth[2:3], 30, seed), 7, axis=0)
        assert direction_correct(still, truth) == 0.5


def test_one_code_decides():
    truth = moving_truth()
    still = np.repeat(truth[3:4], 7, axis=0)
    nudged = still.copy()
    if truth[0, 0, 0, 0] > truth[6, 0, 0, 0]:
        nudged[0, 0, 0, 0] += np.uint8(1)
    else:
        nudged[0, 0, 0, 0] -= np.uint8(1)
    assert direction_correct(nudged, truth) == 1.0


def test_static_groups_are_known_by_first_and_last_frame():
    truth = np.full((7, 3, 8, 8), 100, np.uint8)
    assert is_static(truth)
    truth[-1] = 101
    assert frame_travel_rms(truth) == 1.0
    assert is_static(truth)
    truth[-1] = 102
    assert not is_static(truth)
    assert not is_static(truth, threshold=2.0)


def test_best_direction_is_chosen_once_for_the_group():
    truth = moving_truth()
    # Frames 1-3 forward, 5-7 clearly backward: a choice for each frame would score higher.
    mixed = truth[::-1].copy()
    mixed[0] = with_noise(truth[0:1], 20)[0]
    assert runs_backward(mixed, truth)
    np.testing.assert_array_equal(in_best_direction(mixed, truth), mixed[::-1])
    rows = score_group(mixed, truth)
    assert [row["backward"] for row in rows] == [1] * 7
    assert rows[0]["psnr_best"] == np.inf
    assert rows[0]["psnr"] == pytest.approx(float(psnr(mixed[0], truth[0])))
    assert rows[6]["psnr_best"] == pytest.approx(float(psnr(mixed[0], truth[6])))


def test_reversed_truth_scores_perfectly_only_in_best_direction():
    truth = moving_truth()
    rows = score_group(with_noise(truth[::-1], 4), truth)
    expected = 10 * np.log10(255**2 / (16 + 1 / 12))
    assert all(row["direction"] == 0.0 for row in rows)
    assert np.mean([row["psnr_best"] for row in rows]) == pytest.approx(expected, abs=0.1)
    assert rows[0]["psnr"] < 15 < rows[3]["psnr"]
    assert all(row["ssim_best"] >= row["ssim"] - 1e-9 for row in rows)
    assert all(row["temporal_error_best"] < row["temporal_error"] for row in rows)


def test_temporal_error_of_known_predictions():
    truth = moving_truth().astype(np.int64)
    constant_offset = np.clip(truth + 9, 0, 255).astype(np.uint8)
    assert temporal_error(constant_offset, truth.astype(np.uint8)) == 0
    # Differences of independent noise have twice its variance, rounding included.
    noisy = with_noise(truth, 6)
    assert temporal_error(noisy, truth.astype(np.uint8)) == pytest.approx(np.sqrt(2 * (36 + 1 / 12)), rel=0.02)
    still = np.repeat(truth[3:4], 7, axis=0).astype(np.uint8)
    expected = np.sqrt(np.mean(np.diff(truth, axis=0) ** 2))
    assert temporal_error(still, truth.astype(np.uint8)) == pytest.approx(expected)


def test_static_group_has_no_direction():
    rows = score_group(np.zeros((7, 3, 16, 16), np.uint8), np.full((7, 3, 16, 16), 50, np.uint8))
    assert {row["moving"] for row in rows} == {0}
    assert {row["direction"] for row in rows} == {None}
    assert [row["frame"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
