import numpy as np
import pytest

from unsmear.optics.build import subframe_times, subframe_weights
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.exposure import expose
from unsmear.optics.interpolation import interpolate_frames
from unsmear.optics.optics_config import MaskedOptics
from unsmear.optics.phase_mask import simulate_sweep
from unsmear.optics.response import Response

SPEED = 4.0


def pattern(time: float, height: int = 96, width: int = 128) -> np.ndarray:
    """Smooth waves that drift by SPEED pixels a frame to the right, linear light, a closed form."""
    y, x = np.mgrid[:height, :width]
    x = x - SPEED * time
    rng = np.random.default_rng(1)
    light = np.zeros((height, width, 3))
    for _ in range(10):
        fx, fy, phase = rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12), rng.uniform(0, 6.3, 3)
        light += np.cos(2 * np.pi * (fx * x + fy * y)[..., None] + phase)
    return 0.5 + 0.35 * np.tanh(light / 3)


def codes(light: np.ndarray) -> np.ndarray:
    return np.rint(255 * light).astype(np.uint8)


FRAMES = np.stack([codes(pattern(float(i))) for i in range(1, 8)])


def test_sub_frames_follow_each_other_and_contain_the_frames() -> None:
    np.testing.assert_allclose(subframe_times(2, 1), [1, 2])
    np.testing.assert_allclose(subframe_times(2, 4), [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5])


def test_weights_integrate_each_frame_time_by_itself() -> None:
    weights = subframe_weights(np.array([0.75, 0.25]), 2)
    np.testing.assert_allclose(weights, np.array([0.75, 1.5, 1.0, 0.5, 0.25]) / 4)
    np.testing.assert_array_equal(subframe_weights(np.array([0.75, 0.25]), 1), [0.75, 0.25])
    for factor in (2, 4, 8, 16):
        assert subframe_weights(np.full(7, 1 / 7), factor).sum() == pytest.approx(1)
        assert len(subframe_weights(np.full(7, 1 / 7), factor)) == len(subframe_times(7, factor))


def test_sub_frames_show_their_own_moment() -> None:
    inner = np.s_[16:-16, 24:-24]
    for time, picture in zip(subframe_times(7, 4), interpolate_frames(FRAMES, 4, Response()), strict=True):
        if time == round(time):
            np.testing.assert_allclose(picture, FRAMES[round(time) - 1] / 255, atol=1e-7)
        right = np.sqrt(np.mean((picture - pattern(time))[inner] ** 2))
        wrong = min(np.sqrt(np.mean((picture - pattern(time + d))[inner] ** 2)) for d in (-0.25, 0.25))
        assert right < 0.02 and right < 0.3 * wrong, f"at {time}"


def test_a_still_scene_stays() -> None:
    still = np.repeat(FRAMES[:1], 4, axis=0)
    for picture in interpolate_frames(still, 8, Response()):
        np.testing.assert_allclose(picture, still[0] / 255, atol=1e-5)


def test_factor_one_is_the_frames_themselves() -> None:
    np.testing.assert_allclose(list(interpolate_frames(FRAMES, 1, Response())), FRAMES / 255, atol=1e-7)


def test_light_is_mixed_not_codes() -> None:
    response = Response("gamma", 2.2)
    for picture in interpolate_frames(np.repeat(FRAMES[:1], 2, axis=0), 2, response):
        np.testing.assert_allclose(picture, (FRAMES[0] / 255) ** 2.2, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4, 8, 16])
def test_the_standard_picture_comes_nearer_to_the_integral(factor: int) -> None:
    truth = np.mean([pattern(0.5 + (i + 0.5) / 16) for i in range(7 * 16)], axis=0)
    errors = []
    for number in (1, factor):
        camera = Camera.from_config(CameraConfig(interpolation={"factor": number}), 7)
        picture = camera.render_float(FRAMES)
        errors.append(np.sqrt(np.mean((picture - truth)[:, 24:-24] ** 2)))
    assert errors[1] < 0.35 * errors[0]


def test_the_masked_picture_comes_nearer_to_the_integral() -> None:
    times = 0.5 + (np.arange(7 * 16) + 0.5) / 16
    psfs = simulate_sweep(MaskedOptics(), 8 / 6 * (times - 1), 0.0)
    truth = expose(np.stack([pattern(t) for t in times]), psfs)
    errors = []
    for number in (1, 8):
        camera = Camera.from_config(CameraConfig(optics="masked", interpolation={"factor": number}), 7)
        errors.append(np.sqrt(np.mean((camera.render_float(FRAMES) - truth)[16:-16, 24:-24] ** 2)))
    assert errors[1] < 0.35 * errors[0]


def test_direction_of_time_stays_unknown_to_a_standard_camera() -> None:
    camera = Camera.from_config(CameraConfig(interpolation={"factor": 4}), 7)
    forward, backward = camera.render_float(FRAMES), camera.render_float(FRAMES[::-1])
    np.testing.assert_allclose(forward, backward, atol=1e-5)


def test_weights_hold_for_all_sub_frames_of_a_frame() -> None:
    optics = {"kind": "coded_exposure", "weights": [1, 0, 0]}
    camera = Camera.from_config(CameraConfig(optics=optics, interpolation={"factor": 4}), 3)
    sub = list(interpolate_frames(FRAMES[:3], 4, Response()))
    expected = np.tensordot([1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8], np.stack(sub[:5]), 1)
    np.testing.assert_allclose(camera.render_float(FRAMES[:3]), expected, atol=1e-5)


def test_one_frame_cannot_be_interpolated() -> None:
    with pytest.raises(ValueError, match="factor: 1"):
        next(interpolate_frames(FRAMES[:1], 2, Response()))
