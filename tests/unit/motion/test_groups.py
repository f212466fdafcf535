"""Motion of whole groups: exact where the scene is known, estimated elsewhere."""

import zipfile

import cv2
import numpy as np

from unsmear.motion.groups import estimate_motion
from unsmear.motion.store import check_motion, open_motion
from unsmear.scenes.archives import make_archive, open_scene, sequence_name
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene

CONFIG = ScenesConfig(train_sequences=2, val_sequences=2, test_sequences=1, val_frames=14, native=True)


def test_estimated_motion_agrees_with_the_exact_one(tmp_path):
    name = sequence_name(CONFIG, "val", 1)
    scene = open_scene(CONFIG, "val", name, 1, seed=5)[0]
    frames = np.stack([np.rint(scene.sharp_frame(number) * 255).astype(np.uint8) for number in range(1, 15)])
    np.save(tmp_path / "frames.npy", frames)
    found = {}
    for kind, scenes in (("exact", CONFIG), ("estimated", None)):
        record = {
            "split": "val",
            "sequence": name,
            "frames": tmp_path / "frames.npy",
            "output": tmp_path / "motion" / f"{kind}.npy",
        }
        estimate_motion([record], 7, scenes, seed=5)
        check_motion(record["output"], 2, 7, (128, 128))
        found[kind] = open_motion(record["output"]).astype(np.float32)
    assert not found["exact"][:, 3].any() and not found["estimated"][:, 3].any()
    outer = found["exact"][:, [0, 6]]
    moving = np.hypot(*np.moveaxis(outer, -1, 0)) > 1
    error = np.hypot(*np.moveaxis(found["estimated"][:, [0, 6]] - outer, -1, 0))[moving]
    assert np.median(error) < 0.15 * np.median(np.hypot(*np.moveaxis(outer, -1, 0))[moving])


def test_small_and_odd_pictures(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (7, 21, 33, 3), np.uint8)
    np.save(tmp_path / "000.npy", frames)
    record = {"split": "train", "sequence": "000", "frames": tmp_path / "000.npy", "output": tmp_path / "m" / "000.npy"}
    estimate_motion([record], 7, None)
    check_motion(record["output"], 1, 7, (21, 33))


def test_odd_sides_of_scenes_have_exact_motion(tmp_path):
    config = CONFIG.model_copy(update={"height": 131, "width": 129})
    scene = make_scene(config, "test", 0, 5)
    frames = np.stack([np.rint(scene.sharp_frame(number) * 255).astype(np.uint8) for number in range(1, 8)])
    np.save(tmp_path / "000.npy", frames)
    record = {"split": "test", "sequence": "000", "frames": tmp_path / "000.npy", "output": tmp_path / "m" / "000.npy"}
    estimate_motion([record], 7, config, seed=5)
    check_motion(record["output"], 1, 7, (131, 129))
    # A vector of two by two pixels is near the mean of theirs, at the last row and column as well.
    fine = scene.motion(1, 4)
    blocks = np.pad(fine, ((0, 1), (0, 1), (0, 0)), mode="edge").reshape(66, 2, 65, 2, 2).mean(axis=(1, 3))
    off = np.abs(open_motion(record["output"])[0, 0] - blocks)
    assert np.median(off) < 0.05 and np.median(off[-1]) < 0.1 and np.median(off[:, -1]) < 0.1


def test_scenes_of_a_training_sequence_are_cut_between_groups(tmp_path):
    config = CONFIG.model_copy(update={"train_frames": 21, "cut_every": 7})
    make_archive(config, "train_orig_part0", 5, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        pngs = [archive.read(f"train/train_orig/001/{index:08d}.png") for index in range(21)]
    frames = np.stack([cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB) for png in pngs])
    steps = np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=(1, 2, 3))
    cuts = [6, 13]
    assert steps[cuts].min() > 3 * np.median(np.delete(steps, cuts)), "each group shows a scene of its own"
    np.save(tmp_path / "frames.npy", frames)
    record = {
        "split": "train",
        "sequence": "001",
        "frames": tmp_path / "frames.npy",
        "output": tmp_path / "m" / "1.npy",
    }
    estimate_motion([record], 7, config, seed=5)
    exact = open_motion(record["output"]).astype(np.float32)
    for group, number in enumerate((3, 4, 5)):
        expected = make_scene(config, "train", number, 5).motion(1, 4, 2)
        np.testing.assert_allclose(exact[group, 0], expected, atol=0.02)
