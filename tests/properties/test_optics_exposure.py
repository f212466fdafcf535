"""What holds for every exposure: checked over random cameras and frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.exposure import Renderer, expose
from unsmear.optics.psf import delta_psfs, normalize_psfs

FEW = settings(max_examples=40, deadline=None)


def convolve_naively(frames: np.ndarray, psfs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The oracle: one true convolution for each frame and colour, in float64."""
    blurred = np.zeros(frames.shape[1:])
    for i in range(len(frames)):
        for c in range(3):
            blurred[..., c] += weights[i] * convolve(frames[i, ..., c], psfs[i, ..., c], mode="nearest")
    return blurred


@st.composite
def exposures(draw: st.DrawFn, least_side: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames (N, H, W, 3), PSFs (N, K, K, 3) and weights (N,); K may exceed the picture."""
    num_frames = draw(st.integers(1, 5))
    size = draw(st.sampled_from([1, 3, 5, 9, 27]))
    height, width = (draw(st.integers(least_side, 40)) for _ in range(2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames = rng.random((num_frames, height, width, 3))
    psfs = normalize_psfs(rng.random((num_frames, size, size, 3)) ** 4 + 1e-6)
    weights = (rng.random(num_frames) + 1e-3) * (rng.random(num_frames) < 0.8)
    if weights.sum() == 0:
        weights[-1] = 1  # a flutter shutter may be closed at first, but not always
    return frames, psfs, weights / weights.sum()


@FEW
@given(exposures())
def test_equals_the_naive_convolution_with_its_border(
    exposure: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    frames, psfs, weights = exposure
    expected = convolve_naively(frames, psfs, weights)
    np.testing.assert_allclose(expose(frames, psfs, weights), expected, rtol=0, atol=1e-12)
    single = expose(frames.astype(np.float32), psfs, weights)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=0, atol=2e-6)
    one_at_a_time = Renderer(psfs, weights, *frames.shape[1:3], np.float64).expose(iter(frames))
    np.testing.assert_allclose(one_at_a_time, expected, rtol=0, atol=1e-12)


@FEW
@given(exposures(), st.floats(-2, 2), st.floats(-2, 2), st.integers(0, 2**32 - 1))
def test_is_linear(exposure: tuple[np.ndarray, np.ndarray, np.ndarray], a: float, b: float, seed: int) -> None:
    frames, psfs, weights = exposure
    others = np.random.default_rng(seed).random(frames.shape)
    together = expose(a * frames + b * others, psfs, weights)
    apart = a * expose(frames, psfs, weights) + b * expose(others, psfs, weights)
    np.testing.assert_allclose(together, apart, rtol=0, atol=1e-12)


@FEW
@given(exposures(), st.sampled_from([1, 3, 7]))
def test_deltas_give_the_temporal_mean(exposure: tuple[np.ndarray, np.ndarray, np.ndarray], size: int) -> None:
    frames, _, weights = exposure
    deltas = delta_psfs(len(frames), size)
    np.testing.assert_allclose(expose(frames, deltas), frames.mean(axis=0), rtol=0, atol=1e-14)
    expected = np.tensordot(weights, frames, 1)
    one_at_a_time = Renderer(deltas, weights, *frames.shape[1:3], np.float64).expose(iter(frames))
    np.testing.assert_allclose(one_at_a_time, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(expose(frames, deltas, weights), expected, rtol=0, atol=1e-14)


@FEW
@given(exposures(), st.sampled_from([1, 3, 27]), st.booleans())
def test_leaving_out_the_transform_of_deltas_changes_nothing(
    exposure: tuple[np.ndarray, np.ndarray, np.ndarray], size: int, equal: bool
) -> None:
    frames, _, weights = exposure
    share = None if equal else weights
    codes = np.rint(255 * frames).astype(np.uint8)
    table = np.repeat((np.arange(256) / 255)[:, None] ** 2.2, 3, axis=1)
    for curve in (None, table):
        pictures = [
            Renderer(delta_psfs(len(codes), size), share, *codes.shape[1:3], skip_deltas=skip).expose(codes, curve)
            for skip in (True, False)
        ]
        np.testing.assert_allclose(pictures[0], pictures[1], rtol=0, atol=2e-6)


@FEW
@given(exposures(least_side=28), st.integers(0, 2**32 - 1))
def test_a_point_away_from_the_border_keeps_its_sum(
    exposure: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int
) -> None:
    frames, psfs, weights = exposure
    reach = psfs.shape[1] // 2
    rng = np.random.default_rng(seed)
    row = rng.integers(reach, frames.shape[1] - reach)
    column = rng.integers(reach, frames.shape[2] - reach)
    point = np.zeros_like(frames)
    point[:, row, column] = 1
    np.testing.assert_allclose(expose(point, psfs, weights).sum(axis=(0, 1)), 1, rtol=0, atol=1e-12)


@FEW
@given(st.integers(0, 26), st.integers(0, 26), st.integers(0, 2))
def test_an_asymmetric_psf_lands_the_right_way_round(row: int, column: int, channel: int) -> None:
    psfs = np.zeros((1, 27, 27, 3))
    psfs[0, row, column, channel] = 1
    point = np.zeros((1, 61, 67, 3))
    point[0, 30, 31] = 1
    picture = expose(point, psfs)
    landed = np.unravel_index(np.argmax(picture), picture.shape)
    assert landed == (30 + row - 13, 31 + column - 13, channel)


@pytest.fixture(scope="module")
def cameras() -> dict[str, Camera]:
    names = ("standard", "masked", "focus_sweep", "coded_exposure")
    return {name: Camera.from_config(CameraConfig(name=name, optics=name), 7) for name in names}


@pytest.mark.parametrize(
    ("name", "unchanged"),
    [("standard", True), ("masked", False), ("focus_sweep", False), ("coded_exposure", False)],
)
def test_only_the_standard_camera_cannot_tell_the_direction_of_time(
    name: str, unchanged: bool, cameras: dict[str, Camera]
) -> None:
    camera = cameras[name]

    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        frames = np.random.default_rng(seed).integers(0, 256, (7, 33, 38, 3), dtype=np.uint8)
        forward, backward = camera.render(frames), camera.render(frames[::-1])
        assert np.array_equal(forward, backward) == unchanged

    check()
    assert camera.time_symmetric == unchanged


@FEW
@given(st.integers(0, 2**32 - 1))
def test_radially_symmetric_cameras_commute_with_flips_and_turns(seed: int) -> None:
    camera = Camera.from_config(CameraConfig(optics="masked"), 3)
    assert camera.symmetries == {"mirror_x", "mirror_y", "transpose"}
    frames = np.random.default_rng(seed).integers(0, 256, (3, 30, 30, 3), dtype=np.uint8)
    picture = camera.render_float(frames)
    for change in (np.flipud, np.fliplr, np.rot90):
        changed = camera.render_float(np.stack([change(frame) for frame in frames]))
        np.testing.assert_allclose(changed, change(picture), rtol=0, atol=2e-6)
