"""Motion of whole groups: exact where the scene is known, estimated elsewhere."""

import numpy as np

from unsmear.motion.groups import estimate_motion
from unsmear.motion.store import check_motion, open_motion
from unsmear.scenes.archives import open_scene, sequence_name
from unsmear.scenes.config import ScenesConfig

CONFIG = ScenesConfig(train_sequences=2, val_sequences=2, test_sequences=1, val_frames=14, native=True)


def test_estimated_motion_agrees_with_the_exact_one(tmp_path):
    name = sequence_name(CONFIG, "val", 1)
    scene = open_scene(CONFIG, "val", name, seed=5)
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
