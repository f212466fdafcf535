"""Weights of a stage that is not trained."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from unsmear.cascade.checkpoint import load_stage
from unsmear.cascade.header import read_header
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.simulate import simulate_camera
from unsmear.training.take import take_weights
from unsmear.weights.load import shipped_file


def test_weights_are_taken_for_another_camera(tmp_path):
    psfs, described, init = tmp_path / "psfs.npy", tmp_path / "camera.json", shipped_file("masked", "center")
    simulate_camera(CameraConfig(name="mine", optics={"kind": "masked", "psi_range": [0, 4]}), 7, psfs, described)
    given, output = load_stage(init), tmp_path / "final/weights.safetensors"
    take_weights(given.stage.spec, init, psfs, described, "mine", output)
    taken, energy = load_stage(output), Camera.load(psfs, described).energy
    before, after = load_file(init), load_file(output)
    assert before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    assert taken.stage.energy == pytest.approx(tuple(energy)) and taken.stage.energy != given.stage.energy
    assert taken.camera["name"] == "mine" and taken.provenance == given.provenance
    assert read_header(output)["hparams"] == read_header(init)["hparams"]


def test_weights_of_another_network_are_refused(tmp_path):
    psfs, described = tmp_path / "psfs.npy", tmp_path / "camera.json"
    simulate_camera(CameraConfig(name="mine", optics={"kind": "standard"}), 7, psfs, described)
    spec = load_stage(shipped_file("standard", "center")).stage.spec
    with pytest.raises(ValueError, match="cannot start stage center: its network is"):
        take_weights(spec, shipped_file("standard", "motion"), psfs, described, "mine", tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()
