import numpy as np
import pytest
import torch

from unsmear.losses.reblur import ReblurLoss
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig


@pytest.mark.parametrize("optics", ["standard", "masked"])
def test_true_frames_give_the_picture_and_others_do_not(optics):
    camera = Camera.from_config(CameraConfig(name=optics, optics=optics), 7)
    codes = np.random.default_rng(0).integers(0, 256, (7, 64, 72, 3), np.uint8)
    blurry = torch.from_numpy(camera.render(codes, (0, 0, 1)).astype(np.float32) / 255).permute(2, 0, 1)[None]
    frames = torch.from_numpy(codes.astype(np.float32) / 255).permute(0, 3, 1, 2)[None]
    loss = ReblurLoss(camera.psfs, camera.weights)
    # Half a code of rounding.
    assert float(loss(frames, blurry)) < 0.6 / 255
    assert float(loss(frames.roll(5, dims=-1), blurry)) > 0.01
    backward = float(loss(frames.flip(1), blurry))
    assert backward < 0.6 / 255 if optics == "standard" else backward > 0.01


def test_an_asymmetric_kernel_lands_the_right_way_round():
    psfs = np.zeros((1, 5, 5, 3))
    psfs[0, 2, 4] = 1  # a point's light lands two pixels to the right
    frames = torch.rand(1, 1, 3, 16, 16)
    assert float(ReblurLoss(psfs, np.ones(1))(frames, frames[:, 0].roll(2, dims=-1))) < 1e-6


def test_pictures_that_psfs_cover_are_refused():
    psfs = np.ones((1, 27, 27, 3)) / 27**2
    with pytest.raises(ValueError, match="too small for PSFs of 27"):
        ReblurLoss(psfs, np.ones(1))(torch.rand(1, 1, 3, 20, 20), torch.rand(1, 3, 20, 20))
