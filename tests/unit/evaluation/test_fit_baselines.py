"""What the rules that fit baselines write, from stores whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest
from known_predictions import SEQUENCES, KnownPredictor, records

from unsmear.evaluation.baselines import FittedBaselines
from unsmear.evaluation.evaluate_input import evaluate_input
from unsmear.evaluation.fit_camera import fit_camera_baselines
from unsmear.evaluation.fit_system import fit_system_baselines
from unsmear.files import read_rows
from unsmear.optics.config import CameraConfig
from unsmear.optics.render import render_blur
from unsmear.optics.simulate import simulate_camera
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene


@pytest.mark.parametrize("optics", ["standard", "masked"])
def test_cameras_with_response_noise_and_jpeg_have_baselines(tmp_path, optics):
    config = {"optics": optics, "response": "srgb", "noise": {"read_noise": 0.01}, "jpeg_quality": 80}
    camera = tmp_path / "psfs.npy", tmp_path / "camera.json"
    simulate_camera(CameraConfig.model_validate(config), 5, *camera)
    scenes = ScenesConfig(height=131, width=129, native=True, lights=3.0, max_speed=3.0)
    moving, files = make_scene(scenes, "test", 0, 0), {}
    for kind in ("frames", "blur"):
        (tmp_path / kind / "test").mkdir(parents=True)
        files[kind] = tmp_path / kind / "test" / "000.npy"
    np.save(files["frames"], [np.rint(255 * moving.sharp_frame(n)).astype(np.uint8) for n in range(1, 12)])
    render_blur(files["frames"], *camera, files["blur"], split="test", sequence="000")
    evaluated = [{"split": "test", "sequence": "000", **files}]
    fit_camera_baselines(evaluated, *camera, tmp_path / "baselines.json")
    evaluate_input("input", evaluated, *camera, tmp_path / "part.csv", baselines=tmp_path / "baselines.json")
    rows = read_rows(tmp_path / "part.csv")
    means = {
        name: np.mean([float(row["psnr"]) for row in rows if row["system"] == name])
        for name in {r["system"] for r in rows}
    }
    assert len(rows) == 2 * 3 * 5 and all(np.isfinite(float(row["motion_error"])) for row in rows)
    # Noise and blocks leave the filter little to undo, but its constant keeps it from doing harm.
    assert means["input/wiener"] > means["input"] + (0.3 if optics == "masked" else -0.01)


@pytest.mark.parametrize("of_system", [False, True])
def test_the_motion_of_all_sequences_is_found(chain, of_system):
    root = chain["root"]
    output = root / "baselines.json"
    # They move by 2 px a frame to the left.
    moving = records(chain, SEQUENCES[:2])
    if of_system:
        KnownPredictor.spoil = staticmethod(lambda frames: frames)
        fit_system_baselines([root / "weights"], moving, output)
    else:
        fit_camera_baselines(moving, root / "psfs.npy", root / "camera.json", output)
    fitted = FittedBaselines.load(output)
    assert fitted.num_groups == 4
    assert (fitted.wiener_k is None) == of_system
    if of_system:  # from a sharp picture of noise only the exact place fits
        np.testing.assert_allclose(np.abs(fitted.shift_px), (6, 0), atol=0.2)
