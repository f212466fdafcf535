import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig, NoiseConfig
from unsmear.optics.noise import add_noise


@pytest.mark.parametrize("level", [0.05, 0.4])
def test_mean_and_variance_are_those_of_the_sensor(level: float) -> None:
    noise = NoiseConfig(full_well_electrons=2000, read_noise=0.01)
    light = np.full((400, 400, 3), level, np.float32)
    noisy = add_noise(light, noise, np.random.default_rng(0))
    assert noisy.dtype == np.float32
    assert noisy.mean() == pytest.approx(level, abs=4e-4)
    assert noisy.var() == pytest.approx(level / 2000 + 0.01**2, rel=0.02)


def test_shot_noise_counts_whole_electrons() -> None:
    light = np.full((20, 20, 3), 0.3, np.float32)
    noisy = add_noise(light, NoiseConfig(full_well_electrons=50), np.random.default_rng(0))
    electrons = 50 * noisy.astype(np.float64)
    np.testing.assert_allclose(electrons, np.rint(electrons), atol=1e-5)
    assert len(np.unique(np.rint(electrons))) > 5


def test_it_is_off_by_default_and_comes_before_the_response() -> None:
    frames = np.full((3, 200, 200, 3), 60, np.uint8)
    assert np.array_equal(Camera.from_config(CameraConfig(), 3).render(frames), frames[0])
    camera = Camera.from_config(CameraConfig(response={"gamma": 2.0}, noise={"read_noise": 0.01}), 3)
    encoded = camera.render_float(frames, seed=5).astype(np.float64)
    # Linear light is the square of the encoded value: there the noise has the variance asked for.
    assert (encoded**2).var() == pytest.approx(0.01**2, rel=0.03)
    assert (encoded**2).mean() == pytest.approx((60 / 255) ** 2, abs=2e-4)


def test_it_is_clamped_not_folded() -> None:
    for code in (0, 255):
        frames = np.full((3, 40, 40, 3), code, np.uint8)
        camera = Camera.from_config(CameraConfig(noise={"read_noise": 0.05}), 3)
        picture = camera.render(frames)
        assert 0.4 < (picture == code).mean() < 0.6
        values = camera.render_float(frames)
        assert values.min() >= 0 and values.max() <= 1
