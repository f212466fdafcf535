from __future__ import annotations

import json
import zipfile

import cv2
import numpy as np
import pytest

from unsmear.scenes.archives import list_archives, make_archive, measure_motion, sequence_name
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene

CONFIG = ScenesConfig(
    train_sequences=3,
    val_sequences=1,
    test_sequences=2,
    train_frames=3,
    val_frames=3,
    test_frames=7,
    sequences_per_archive=2,
)


def test_archives_hold_every_scene_once():
    archives = list_archives(CONFIG)
    assert list(archives) == ["train_orig_part0", "train_orig_part1", "val_orig_part0"]
    scenes = [scene for entries in archives.values() for scene in entries]
    assert sorted(scenes) == sorted([("train", 0), ("train", 1), ("train", 2), ("val", 0), ("test", 0), ("test", 1)])
    assert sequence_name(CONFIG, "val", 0) == "003" and sequence_name(CONFIG, "test", 1) == "001"


def test_archive_has_reds_layout_and_the_scene_in_it(tmp_path):
    make_archive(CONFIG, "train_orig_part1", 5, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        assert names == [f"train/train_orig/{s}/{i:08d}.png" for s in ("002", "003") for i in range(3)]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        png = np.frombuffer(archive.read("train/train_orig/003/00000001.png"), np.uint8)
    picture = cv2.imdecode(png, cv2.IMREAD_COLOR_RGB)
    expected = make_scene(CONFIG, "val", 0, 5).sharp_frame(2)
    np.testing.assert_allclose(picture / 255, expected, atol=0.5 / 255 + 1e-6)


def test_same_arguments_same_bytes(tmp_path):
    for name in ("a.zip", "b.zip"):
        make_archive(CONFIG, "val_orig_part0", 0, tmp_path / name)
    make_archive(CONFIG, "val_orig_part0", 1, tmp_path / "c.zip")
    first, again, other = ((tmp_path / name).read_bytes() for name in ("a.zip", "b.zip", "c.zip"))
    assert first == again and first != other


def test_unknown_archive_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no archive val_orig_part7"):
        make_archive(CONFIG, "val_orig_part7", 0, tmp_path / "a.zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", [0, 11])
def test_image_points_travel_far_enough_in_one_exposure(tmp_path, seed):
    config = ScenesConfig(test_sequences=40)
    measure_motion(config, "test", seed, 7, tmp_path / "test.json")
    motion = json.loads((tmp_path / "test.json").read_text())
    assert motion["num_groups"] == 40 * 3
    assert motion["median_travel_px"] >= 10
    speeds = motion["speed_px_per_frame_quantiles"]
    assert speeds["0"] < 0.7 and 3.5 < speeds["1"] < 7.5
