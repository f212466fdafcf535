"""Frames move where the picture shows motion, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import skimage
import torch

from unsmear.photos.still import find_moved, keep_still, records_mean


@pytest.fixture(scope="module")
def moving() -> torch.Tensor:
    """(1, 7, 3, 96, 120): a photograph that moves by 2 px a frame."""
    photo = torch.from_numpy(skimage.data.astronaut()).permute(2, 0, 1).float() / 255
    return torch.stack([photo[:, 100:196, 2 * k + 100 : 2 * k + 220] for k in range(7)])[None]


def test_frames_that_are_a_pictures_stay_as_they_are(moving):
    frames, motion = moving.clone(), {1: torch.full((1, 2, 48, 60), 3.0)}
    keep_still(moving.mean(dim=1), frames.unbind(1), motion, 3)
    np.testing.assert_allclose(frames, moving, atol=1e-6)
    np.testing.assert_allclose(motion[1], 3.0, rtol=1e-6)


def test_what_stood_still_stays(moving):
    frames, motion = moving.clone(), {1: torch.full((1, 2, 48, 60), 3.0)}
    keep_still(moving[:, 3], frames.unbind(1), motion, 3)
    found = (frames - moving[:, 3:4]).abs().amax(dim=(0, 1, 2))
    # Where there is nothing to see, motion makes no difference.
    assert found.max() < 2 / 255 and (moving - moving[:, 3:4]).abs().max() > 100 / 255
    assert float(motion[1].median()) < 0.3


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
