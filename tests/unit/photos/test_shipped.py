"""What the shipped weights do to photographs, and to pictures that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from unsmear.evaluation.psnr import psnr
from unsmear.optics.exposure import expose
from unsmear.photos.picture import Picture
from unsmear.photos.reconstructor import Reconstructor
from unsmear.photos.tiles import TiledCascade
from unsmear.weights.load import CAMERAS

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="module")
def standard() -> Reconstructor:
    """Weights for common cameras."""
    return Reconstructor("standard", device="cpu")


@pytest.fixture(scope="module")
def masked() -> Reconstructor:
    """Weights for the camera with the phase mask."""
    return Reconstructor("masked", device="cpu")


def draw(name: str) -> np.ndarray:
    """(160, 160, 3): noise, text, night or one colour; or a piece of a sharp photograph."""
    rng = np.random.default_rng(0)
    if name == "flat":
        return np.full((160, 160, 3), (120, 90, 60), np.uint8)
    if name == "noise":
        return (128 + 20 * rng.standard_normal((160, 160, 1))).clip(0, 255).astype(np.uint8).repeat(3, 2)
    if name == "night":
        picture = (2 * rng.poisson(3, (160, 160, 1))).clip(0, 255).astype(np.uint8).repeat(3, 2)
        picture[40:44, 30:60] = 255
        return picture
    picture = np.asarray(Image.open(PHOTOGRAPHS / name).convert("RGB"))
    return picture[60:220, 60:220] if min(picture.shape[:2]) > 220 else picture[:160, :160]


@pytest.mark.parametrize("name", ["chelsea.png", "rocket.jpg", "coffee.png", "astronaut.png", "page.png"])
def test_what_is_sharp_comes_back_as_it_was(standard, name):
    picture = draw(name)
    result = standard(Picture(picture))
    scores = psnr(result.frames, picture[None].repeat(7, 0))
    # Grain and slight blur of the photograph itself count for the frames beside it.
    assert scores[result.middle] > 40 and scores.min() > 34


@pytest.mark.parametrize("name", ["flat", "noise", "night", "page.png"])
def test_what_is_no_photograph_gets_no_colours_and_no_blocks(standard, name):
    picture = draw(name)
    change = standard(Picture(picture)).frames.astype(float) - picture
    assert np.abs(change - change.mean(axis=3, keepdims=True)).mean(axis=(1, 2, 3)).max() < 1
    assert np.abs(change.reshape(7, 10, 16, 10, 16, 3).mean(axis=(2, 4))).max() < 4


@pytest.mark.parametrize("name", ["flat", "noise", "night", "page.png", "chelsea.png"])
def test_what_the_masked_camera_saw_gets_no_colours_and_no_blocks(masked, shared, name):
    picture = draw(name)
    psfs = np.load(shared / "golden/phase_mask_psfs.npz")["psfs"]
    blurry = np.rint(255 * expose(picture[None].repeat(7, 0) / 255, psfs)).astype(np.uint8)
    change = masked(Picture(blurry)).frames[[0, 3, 6]].astype(float) - picture
    assert np.abs(change - change.mean(axis=3, keepdims=True)).mean() < 2
    assert np.abs(change.reshape(3, 10, 16, 10, 16, 3).mean(axis=(2, 4))).max() < 6


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("name", ["sharp", "long blur", "srn_01.png", "camtrap_vehicle.jpg"])
def test_seams_of_the_shipped_networks_are_invisible(camera, name, request):
    """Where blur is longer than any in training, networks guess, and look as far as they can."""
    if name in ("sharp", "long blur"):
        picture = np.asarray(Image.open(PHOTOGRAPHS / "astronaut.png").convert("RGB"))[:400]
        if name == "long blur":
            moving = [picture[:, at : at + 448].astype(np.float32) for at in range(64)]
            picture = np.rint(np.mean(moving, axis=0)).astype(np.uint8)
    else:
        folder = request.getfixturevalue("shared") / "blurry"
        picture = np.asarray(Image.open(folder / name).convert("RGB"))[300:700, 500:1000]
    reconstructor = Reconstructor(camera, device="cpu")
    cascade = TiledCascade(reconstructor.inference, tuple(range(1, 8)), reconstructor.is_mean)
    whole, tiled = np.empty((7, *picture.shape), np.uint8), np.empty((7, *picture.shape), np.uint8)
    cascade(np.ascontiguousarray(picture), whole, 640)
    cascade(np.ascontiguousarray(picture), tiled, cascade.smallest)
    assert np.abs(whole.astype(int) - tiled).max() <= 2
