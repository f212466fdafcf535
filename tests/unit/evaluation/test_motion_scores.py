"""Columns of motion for sequences of known quality, with and without the order of time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from unsmear.evaluation.baselines import repeat, shift
from unsmear.evaluation.motion_scores import TrueMotion, score_motion
from unsmear.evaluation.temporal_order import runs_backward
from unsmear.motion.measures import WORKING_SIDE

SHIFT = (5.0, -3.0)
TRAVEL = np.hypot(*SHIFT)


def picture(height: int = 96, width: int = 128) -> np.ndarray:
    noise = np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.rint((blurred - blurred.min()) / np.ptp(blurred) * 255).astype(np.uint8)


def moving(scale: float = 1.0, source: np.ndarray | None = None) -> np.ndarray:
    return shift(picture() if source is None else source, (scale * SHIFT[0], scale * SHIFT[1]), 7)


TRUTH = moving()


def scores(frames: np.ndarray, order_unknown: bool, truth: np.ndarray = TRUTH) -> dict[str, float]:
    backward = runs_backward(frames, truth)
    return score_motion(frames, TrueMotion.of(truth), backward, order_unknown)


@pytest.mark.parametrize(
    ("frames", "forward", "best", "bidirectional"),
    [
        (TRUTH, (0, 1, 0), (0, 1, 0), 0),
        (moving(0.5), (TRAVEL / 2, 0.5, 0), (TRAVEL / 2, 0.5, 0), TRAVEL),
        (TRUTH[::-1], (2 * TRAVEL, -1, 180), (0, 1, 0), 0),
        (repeat(TRUTH[3], 7), (TRAVEL, 0, 90), (TRAVEL, 0, 90), 2 * TRAVEL),
    ],
    ids=["truth", "half amplitude", "reversed", "repeated"],
)
def test_known_sequences(frames, forward, best, bidirectional):
    names = ("motion_error", "motion_amplitude", "motion_angle")
    for order_unknown, expected in ((False, forward), (True, best)):
        found = scores(frames, order_unknown)
        for name, value, value_best in zip(names, expected, best, strict=True):
            tolerance = {"motion_error": 0.4, "motion_amplitude": 0.05, "motion_angle": 2}[name]
            assert found[name] == pytest.approx(value, abs=tolerance), name
            assert found[f"{name}_best"] == pytest.approx(value_best, abs=tolerance), name
        assert found["motion_axis"] == pytest.approx(min(expected[2], 180 - expected[2]), abs=2)
        # Its pixels at the border see what leaves the picture.
        assert found["motion_error_bidirectional"] == pytest.approx(bidirectional, abs=0.9)


def test_still_truth_leaves_the_columns_empty():
    found = scores(moving(), False, repeat(TRUTH[3], 7))
    assert {name for name, value in found.items() if value is None} == set(found) - {"motion_error_bidirectional"}


def test_pixels_are_those_of_the_working_size():
    large = picture(96, 2 * WORKING_SIDE)
    still = repeat(large, 7)
    assert scores(still, False, moving(2, large))["motion_error"] == pytest.approx(TRAVEL, abs=0.5)
