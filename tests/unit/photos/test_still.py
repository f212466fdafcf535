"""Frames move where the picture shows motion, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import skimage
import torch

from unsmear.photos.bands import find_bands
from unsmear.photos.still import find_moved, keep_still, records_mean


@pytest.fixture(scope="module")
def moving() -> torch.Tensor:
    """(1, 7, 3, 96, 120): a photograph that moves by 2 px a frame."""
    photo = torch.from_numpy(skimage.data.astronaut()).permute(2, 0, 1).float() / 255
    return torch.stack([photo[:, 100:196, 2 * k + 100 : 2 * k + 220] for k in range(7)])[None]


def test_what_moved_moves_on(moving):
    moved, motion = find_moved(moving.mean(dim=1), moving.unbind(1), 3), {1: torch.full((1, 2, 48, 60), 3.0)}
    assert float(moved.min()) > 1 - 1e-6
    keep_still(motion, moved)
    np.testing.assert_allclose(motion[1], 3.0, rtol=1e-6)


def test_what_stood_still_stays(moving):
    moved, motion = find_moved(moving[:, 3], moving.unbind(1), 3), {1: torch.full((1, 2, 48, 60), 3.0)}
    left = (moved[:, None] * (moving - moving[:, 3:4])).abs().amax(dim=(0, 1, 2))
    # Where there is nothing to see, motion makes no difference.
    assert left.max() < 2 / 255 and (moving - moving[:, 3:4]).abs().max() > 100 / 255
    keep_still(motion, moved)
    assert float(motion[1].median()) < 0.3


def test_bands_are_of_no_consequence(moving, monkeypatch):
    truth = moving.clone()
    truth[..., :60] = moving[:, 3:4, ..., :60]
    found = []
    for pixels in (2**15, 8 * 120):
        monkeypatch.setattr("unsmear.photos.bands.BAND_PIXELS", pixels)
        found.append(find_moved(truth.mean(dim=1)[..., :-3, :], moving[..., :-3, :].unbind(1), 3))
    assert len(find_bands(moving, 4)) == 12
    torch.testing.assert_close(found[1], found[0])


def test_a_moving_half_moves_alone(moving):
    truth = moving.clone()
    truth[..., :60] = moving[:, 3:4, ..., :60]
    moved = find_moved(truth.mean(dim=1), moving.unbind(1), 3)
    assert float(moved[..., :40].median()) < 0.1 and float(moved[..., 80:].min()) > 0.99


def test_a_middle_frame_that_is_not_quite_sharp_costs_no_motion(moving):
    soft = moving.clone()
    soft[:, 3] = moving[:, 2:5].mean(dim=1)
    assert float(find_moved(moving.mean(dim=1), soft.unbind(1), 3).quantile(0.05)) > 0.95


@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        ({"name": "standard", "energy": [1.0, 1.0, 1.0]}, True),
        ({"name": "standard", "energy": [1.0, 0.9, 1.0]}, False),
        ({"name": "masked", "energy": [1.0, 1.0, 1.0]}, False),
        ({}, False),
    ],
)
def test_only_a_standard_cameras_pictures_are_means(camera, expected):
    assert records_mean(camera) is expected
