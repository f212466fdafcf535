import numpy as np
import pytest

from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.psf import delta_psfs
from unsmear.optics.quality import encircled_energy, modulation_transfer, moving_point


def test_encircled_energy_of_an_even_square() -> None:
    psfs = np.full((1, 5, 5, 3), 1 / 25)
    radii, shares = encircled_energy(psfs)
    assert radii.tolist() == [0, 1, 2, 3]
    # Samples within 0, 1, 2 and 3 pixels of the middle.
    np.testing.assert_allclose(shares[0, :, 0], np.array([1, 5, 13, 25]) / 25)


def test_transfer_of_a_delta_and_of_a_box() -> None:
    frequencies, contrasts = modulation_transfer(delta_psfs(2, 9))
    np.testing.assert_allclose(contrasts, 1)
    assert (frequencies[0], frequencies[-1]) == (0, 0.5)
    box = np.zeros((1, 9, 9, 3))
    box[0, 4, 3:6] = 0.2  # three pixels wide; light that is lost does not change contrast
    _, contrasts = modulation_transfer(box)
    expected = np.abs(1 + 2 * np.cos(2 * np.pi * frequencies)) / 3
    np.testing.assert_allclose(contrasts[0, :, 1], expected, atol=1e-12)


@pytest.mark.parametrize("name", ["standard", "masked"])
def test_streak_of_a_point_tells_the_direction_only_with_the_mask(name: str) -> None:
    camera = Camera.from_config(CameraConfig(optics=name), 7)
    right, left = moving_point(camera), moving_point(camera, reverse=True)
    assert np.allclose(right, left, atol=1e-9) == (name == "standard")
    # The optics are the same in a mirror: so is the streak.
    np.testing.assert_allclose(right[:, ::-1], left, atol=1e-9)


def test_blue_leads_and_red_follows_in_the_masked_streak() -> None:
    camera = Camera.from_config(CameraConfig(optics="masked"), 7)
    row = moving_point(camera, speed=8)[13]
    first, fifth = 13 + 4, 13 + 4 * 8 + 4
    assert row[first].argmax() == 2
    assert row[fifth].argmax() == 0
