"""ONNX files against torch."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from unsmear.cascade.cascade import Cascade
from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.cli import main
from unsmear.networks.config import PublishedCenterConfig
from unsmear.weights.load import CAMERAS, shipped_weights

pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.slow
@pytest.mark.parametrize("camera", CAMERAS)
def test_shipped_cascades_give_torchs_frames_at_any_size(camera, photograph, tmp_path):
    path = tmp_path / "unsmear.onnx"
    assert main(["export", "onnx", "--camera", camera, "--output", str(path)]) == 0
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["unsmear"])
    assert (about["stride"], about["num_frames"], about["camera"]["name"]) == (16, 7, camera)
    cascade = Cascade.load(shipped_weights(camera))
    for batch, height, width in ((1, 16, 16), (2, 64, 96), (1, 97, 131), (1, 45, 200)):
        blurry = np.stack([photograph[:height, at : at + width] for at in range(0, 40 * batch, 40)])
        blurry = blurry.transpose(0, 3, 1, 2).copy()
        with torch.inference_mode():
            expected = cascade(torch.from_numpy(blurry)).numpy()
        (found,) = session.run(["frames"], {"blurry": blurry})
        assert found.shape == (batch, 7, 3, height, width)
        # Were nothing moved or corrected, frames would be equal to each other.
        assert np.abs(expected[:, 0] - expected[:, 3]).max() > 0.01
        assert np.abs(found - expected).max() < 1e-3


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    """(128, 300, 3) float32, full scale 1."""
    data = pytest.importorskip("skimage.data")
    return data.chelsea()[60:188, 80:380].astype(np.float32) / 255


def test_networks_that_pad_by_themselves_are_refused(tmp_path, capsys):
    network = PublishedCenterConfig(width=4, blocks=0, colour_width=4)
    stage = Stage(StageSpec(name="center", predicts=(1,), network=network))
    save_stage(tmp_path / "center.safetensors", Checkpoint(stage, 1))
    output = tmp_path / "out.onnx"
    assert main(["export", "onnx", "--weights", str(tmp_path), "--output", str(output)]) == 2
    assert "published_center" in capsys.readouterr().err and not output.exists()


def test_an_output_that_cannot_be_a_file_is_refused_before_the_weights_are_exported(tmp_path, capsys):
    (tmp_path / "notes.txt").touch()
    for output, message in (("", "is a folder; name a file"), ("notes.txt/x.onnx", "is a file, not a folder")):
        assert main(["export", "onnx", "--output", str(tmp_path / output)]) == 2
        assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_file_is_called_after_the_weights_camera(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("unsmear.export.onnx.export_onnx", lambda weights, path: path)
    assert main(["export", "onnx", "--weights", *map(str, shipped_weights("masked"))]) == 0
    assert capsys.readouterr().out == "unsmear-masked.onnx\n"


def test_missing_packages_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", "onnx", "--output", str(tmp_path / "x.onnx")]) == 2
    assert "pip install -e '.[onnx]' in unsmear's clone" in capsys.readouterr().err and not list(tmp_path.iterdir())
