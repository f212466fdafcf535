"""Motion measures on sequences of known quality, and the estimate that they rest on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from unsmear.motion.estimate import estimate_flow, flow_from_middle
from unsmear.motion.measures import bidirectional_error, compare_motion, in_reverse, moving_pixels, to_working_size
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene

STEP = np.array([1.5, -1.0])  # px a frame
PX_TO_END = 3 * np.hypot(*STEP)


def picture(seed: int = 0, size: int = 144) -> np.ndarray:
    """A smooth random picture, larger than what is seen of it."""
    noise = np.random.default_rng(seed).uniform(0, 255, (size, size, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    return (blurred - blurred.min()) / np.ptp(blurred) * 255


def moved(source: np.ndarray, steps: list[np.ndarray]) -> np.ndarray:
    """Frames (N, 112, 112, 3) of a picture that lies at ``steps`` from its place, px."""
    frames = [
        cv2.warpAffine(source, np.float32([[1, 0, x - 16], [0, 1, y - 16]]), (112, 112), flags=cv2.INTER_CUBIC)
        for x, y in steps
    ]
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


def sequence(scale: float = 1.0, step: np.ndarray = STEP) -> np.ndarray:
    return moved(picture(), [scale * step * (number - 4) for number in range(1, 8)])


EXACT = np.stack([np.broadcast_to(sign * 3 * STEP, (112, 112, 2)) for sign in (-1, 1)]).astype(np.float32)


def test_estimate_meets_exact_motion():
    found = flow_from_middle(sequence())
    moving = moving_pixels(EXACT)
    assert np.linalg.norm(found - EXACT, axis=-1)[moving].mean() < 0.1
    scores = compare_motion(found, EXACT)
    assert scores.error < 0.1 and scores.amplitude == pytest.approx(1, abs=0.02) and scores.angle < 1


@pytest.mark.parametrize(
    ("frames", "error", "amplitude", "angle"),
    [
        (sequence(), 0, 1, 0),
        (sequence(0.5), PX_TO_END / 2, 0.5, 0),
        (sequence(1.5), PX_TO_END / 2, 1.5, 0),
        (sequence()[::-1], 2 * PX_TO_END, -1, 180),
        (np.repeat(sequence()[3:4], 7, axis=0), PX_TO_END, 0, 90),
        # Across the motion, whatever the picture shows.
        (sequence(step=STEP[::-1] * [-1, 1]), np.sqrt(2) * PX_TO_END, 0, 90),
    ],
    ids=["truth", "half amplitude", "too far", "reversed", "repeated", "across"],
)
def test_known_sequences_score_what_they_must(frames, error, amplitude, angle):
    scores = compare_motion(flow_from_middle(frames), flow_from_middle(sequence()))
    assert scores.error == pytest.approx(error, abs=0.15)
    assert scores.amplitude == pytest.approx(amplitude, abs=0.04)
    assert scores.angle == pytest.approx(angle, abs=2)
    assert scores.axis == pytest.approx(min(angle, 180 - angle), abs=2)


def test_one_shift_for_all_pictures_is_right_by_chance_alone():
    # True motions to all sides against one vector: on average it is not in line with them.
    turns = np.radians([0, 90, 180, 270])
    truths = [flow_from_middle(sequence(step=2 * np.array([np.cos(a), np.sin(a)]))) for a in turns]
    constant = flow_from_middle(sequence(step=np.array([2.0, 0.0])))
    forward = [compare_motion(constant, true) for true in truths]
    assert np.mean([scores.amplitude for scores in forward]) == pytest.approx(0, abs=0.05)
    assert np.mean([scores.angle for scores in forward]) == pytest.approx(90, abs=2)
    best = [min(compare_motion(flow, true).angle for flow in (constant, in_reverse(constant))) for true in truths]
    assert np.mean(best) == pytest.approx(45, abs=2)


def test_an_axis_has_no_sign_at_any_pixel():
    half_turned = EXACT.copy()
    half_turned[:, :40] *= -1
    half_turned[:, 40:80] = 0  # at rest: points nowhere
    scores = compare_motion(half_turned, EXACT)
    assert scores.axis == pytest.approx(0, abs=1e-4) and scores.angle == 90
    turned = EXACT @ np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    assert compare_motion(-turned, EXACT).axis == pytest.approx(np.degrees(0.5), abs=1e-3)


def test_reverse_is_forgiven_in_the_other_direction():
    reverse = in_reverse(flow_from_middle(sequence()[::-1]))
    scores = compare_motion(reverse, flow_from_middle(sequence()))
    assert (scores.error, scores.amplitude, scores.angle) == pytest.approx((0, 1, 0), abs=1e-6)


@pytest.mark.parametrize("number", [0, 1])
def test_estimate_meets_the_exact_motion_of_built_in_scenes(number):
    scene = make_scene(ScenesConfig(), "test", number, 0)
    frames = np.stack([np.rint(255 * scene.sharp_frame(frame)).astype(np.uint8) for frame in (1, 4, 7)])
    exact = np.stack([scene.motion(4, 1), scene.motion(4, 7)])
    scores = compare_motion(flow_from_middle(frames), exact)
    # The objects' edges, where something comes or goes, are what is left of the error.
    assert scores.error < 0.5 and scores.amplitude == pytest.approx(1, abs=0.02) and scores.angle < 1.5


def test_still_truth_has_no_motion_to_meet():
    still = np.zeros_like(EXACT)
    assert compare_motion(EXACT, still) is None
    leaves = np.zeros_like(EXACT)
    leaves[..., 0] = 200
    assert not moving_pixels(leaves).any()


@pytest.mark.parametrize("turned", [False, True])
def test_bidirectional_error_takes_either_direction_at_each_pixel(turned):
    truth, other = sequence(), sequence(0.5)
    if turned:
        other = other[::-1]
    true = estimate_flow(truth[0], truth[-1])
    forward, backward = estimate_flow(other[0], other[-1]), estimate_flow(other[-1], other[0])
    # Half of the way is missing, and none of it in the wrong direction.
    assert bidirectional_error(forward, backward, true) == pytest.approx(PX_TO_END, abs=0.5)
    mixed = np.where(np.arange(112)[:, None] < 56, true, -true)
    assert bidirectional_error(mixed, -mixed, true) == 0


def test_large_frames_are_made_smaller_and_small_ones_kept():
    assert to_working_size(np.zeros((2, 360, 1280, 3), np.uint8)).shape == (2, 180, 640, 3)
    small = np.zeros((2, 64, 64, 3), np.uint8)
    assert to_working_size(small) is small


def test_pictures_that_differ_in_size_are_refused():
    with pytest.raises(ValueError, match="of one size"):
        estimate_flow(np.zeros((32, 32, 3), np.uint8), np.zeros((32, 34, 3), np.uint8))
