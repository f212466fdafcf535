"""Tiles cover a picture, their seams are invisible, and memory decides their size."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.cascade.order import find_weights
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.networks.config import JointConfig
from unsmear.photos.memory import OVERHEAD, bytes_per_pixel, free_memory
from unsmear.photos.tiles import MARGIN, TiledCascade
from unsmear.photos.tiling import plan_tiles


@pytest.fixture(scope="module")
def inference(weights):
    return CascadeInference.load(find_weights([weights]), InferenceConfig(device="cpu", attention_window=128))


@pytest.mark.parametrize(
    ("height", "width", "size"), [(1, 1, 64), (300, 40, 416), (301, 977, 416), (5000, 256, 640), (641, 640, 640)]
)
def test_tiles_cover_every_pixel_once(height, width, size):
    count, tiles = np.zeros((height, width), int), plan_tiles(height, width, size, MARGIN, 16)
    for tile in tiles:
        count[tile.keep] += 1
        for read, keep, length in zip(tile.read, tile.keep, (height, width), strict=True):
            assert read.start % 16 == 0
            assert keep.start - read.start >= MARGIN or read.start == keep.start == 0
            assert read.stop - keep.stop >= MARGIN or read.stop == keep.stop == length
        assert np.prod([read.stop - read.start for read in tile.read]) <= size**2
        inside = np.arange(height * width).reshape(height, width)[tile.read][tile.inside]
        np.testing.assert_array_equal(inside, np.arange(height * width).reshape(height, width)[tile.keep])
    assert (count == 1).all()


@pytest.mark.parametrize(
    ("height", "width", "most"), [(3000, 4000, 1.09), (4000, 3000, 1.09), (2560, 2560, 1), (9, 900_000, 1.15)]
)
def test_margins_are_few(height, width, most):
    tiles = plan_tiles(height, width, 2560, MARGIN, 16)
    read = sum(np.prod([side.stop - side.start for side in tile.read]) for tile in tiles)
    assert read <= most * height * width


def test_seams_are_invisible(inference, photo):
    picture = np.tile(photo, (5, 4, 1))[:430, :470]
    cascade = TiledCascade(inference, tuple(range(1, 8)))
    whole, tiled = np.empty((7, *picture.shape), np.uint8), np.empty((7, *picture.shape), np.uint8)
    assert cascade(picture, whole, 480) == (480, None)
    cascade(picture, tiled, cascade.smallest)
    assert np.abs(whole[3].astype(int) - picture).mean() > 1
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_views_that_are_averaged_have_no_seams_either(weights, photo):
    config = InferenceConfig(device="cpu", attention_window=128, self_ensemble=8)
    cascade = TiledCascade(CascadeInference.load(find_weights([weights]), config), (4,))
    picture = np.tile(photo, (5, 4, 1))[:431, :469]
    whole, tiled = np.empty((1, *picture.shape), np.uint8), np.empty((1, *picture.shape), np.uint8)
    cascade(picture, whole, 480)
    cascade(picture, tiled, cascade.smallest)
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_motion_has_no_seams_either(motion_weights, photo):
    config = InferenceConfig(device="cpu", attention_window=128)
    cascade = TiledCascade(CascadeInference.load(find_weights([motion_weights]), config), tuple(range(1, 8)))
    assert cascade.motion_patch == 2
    picture, found = np.tile(photo, (5, 4, 1))[:431, :469], []
    for size in (480, cascade.smallest):
        motion = np.zeros((7, 2, 216, 235), np.float16)
        cascade(picture, np.empty((7, *picture.shape), np.uint8), size, motion=motion)
        found.append(motion)
    assert np.abs(found[0]).max() > 0.1 and (found[0][3] == 0).all()
    np.testing.assert_allclose(found[1], found[0], atol=0.02 * np.abs(found[0]).max())


def test_only_the_stages_that_a_frame_needs_run(inference, photo):
    told: list[tuple[int, int]] = []
    every, middle = np.empty((7, *photo.shape), np.uint8), np.empty((1, *photo.shape), np.uint8)
    TiledCascade(inference, tuple(range(1, 8)))(photo, every, 640)
    TiledCascade(inference, (4,))(photo, middle, 640, lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    np.testing.assert_array_equal(middle[0], every[3])


@pytest.mark.parametrize("height, width", [(1, 1), (1, 700), (3, 2)])
def test_any_size_is_taken(inference, height, width):
    out = np.zeros((7, height, width, 3), np.uint8)
    TiledCascade(inference, tuple(range(1, 8)))(np.full((height, width, 3), 200, np.uint8), out, 640)
    assert (out > 20).all()


def test_memory_is_the_sum_of_what_is_alive_at_once():
    network = JointConfig(width=8, patch=1, encoder_blocks=(0,), middle_blocks=0, decoder_blocks=(0,))
    stage = Stage(StageSpec(name="center", predicts=(1,), network=network))
    found = bytes_per_pixel([stage]) / OVERHEAD
    # At least the blurry picture, a map of 8 channels kept beside one of the decoder, and the frame.
    assert 4 * (3 + 8 + 8) <= found <= 4 * 64


def test_tiles_shrink_with_memory_and_a_bound_too_small_is_refused(inference):
    cascade = TiledCascade(inference, (4,))
    assert cascade.choose_size(4000, 6000, 100e9) == 2560
    assert cascade.choose_size(100, 200, 100e9) == 200
    small = cascade.bytes_per_pixel * 500**2
    assert cascade.choose_size(4000, 6000, small + 1) == 500
    with pytest.raises(ValueError, match="MiB are left; close other programs, raise --memory, or use --scale"):
        cascade.choose_size(4000, 6000, small / 4)
    assert free_memory() > 2**20


@pytest.mark.parametrize("message", ["[enforce fail] DefaultCPUAllocator: can't allocate memory", "CUDA out of memory"])
def test_where_memory_runs_out_tiles_are_halved_and_in_the_end_a_sentence_helps(inference, photo, monkeypatch, message):
    picture = np.tile(photo, (6, 6, 1))
    out = np.empty((1, *picture.shape), np.uint8)
    run, limit = inference.predict_frames, [480]

    def predict(blurry, known=None):
        if max(blurry.shape[-2:]) > limit[0]:
            raise (torch.OutOfMemoryError if "CUDA" in message else RuntimeError)(message)
        return run(blurry, known)

    monkeypatch.setattr(inference, "predict_frames", predict)
    cascade = TiledCascade(inference, (4,))
    size, note = cascade(picture, out, 760)
    assert size == cascade.smallest and note == f"memory ran out, so it was computed in tiles of {size} px"
    limit[0] = 10
    with pytest.raises(ValueError, match=r"fit into the memory of cpu; close other programs, or use --scale 0\.5"):
        cascade(picture, out, 760)


def test_other_errors_stay_what_they_are(inference, photo, monkeypatch):
    def predict(blurry, known=None):
        raise RuntimeError("sizes differ")

    monkeypatch.setattr(inference, "predict_frames", predict)
    with pytest.raises(RuntimeError, match="sizes differ"):
        TiledCascade(inference, (4,))(photo, np.empty((1, *photo.shape), np.uint8), 640)


MEASURE = """
import re, sys
from pathlib import Path
import numpy as np
from unsmear.photos.reconstructor import Reconstructor
from unsmear.photos.tiles import TiledCascade

def most_memory():
    # What getrusage tells may be the parent's.
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

reconstructor = Reconstructor(sys.argv[1], device="cpu")
cascade = TiledCascade(reconstructor.inference, tuple(range(1, 8)), reconstructor.is_mean)
picture, out = np.full((1040, 1200, 3), 90, np.uint8), np.ones((7, 1040, 1200, 3), np.uint8)
cascade(picture[:64, :64], out[:, :64, :64], 64)
before = most_memory()
cascade(picture, out, 2000)
print((most_memory() - before) / (cascade.bytes_per_pixel * 1040 * 1200), reconstructor.inference.kernels)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory of a process is read from /proc")
@pytest.mark.slow
@pytest.mark.parametrize("camera", ["standard", "masked"])
def test_memory_is_estimated_from_above(camera):
    done = subprocess.run([sys.executable, "-c", MEASURE, camera], check=True, capture_output=True, text=True)
    share, kernels = done.stdout.split()
    assert 0.2 < float(share) < 1, f"with kernels: {kernels}"
