"""Experiments of weights as they are."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from unsmear.cli import main
from unsmear.config import load_config
from unsmear.frames.splits import SequenceRecord
from unsmear.plan.compared import ReportPlan
from unsmear.plan.evaluation import EvaluationPlan
from unsmear.plan.jobs import Plan
from unsmear.sharing.given import describe_experiment, find_systems
from unsmear.weights.load import shipped_file

DATA = {"source": "folders", "folders": {"folder": "frames"}, "all_test": True}


def configure(repository: Path, folders: list[str], cameras: list[str] | None = None):
    """The configuration that Snakemake would put together."""
    base = yaml.safe_load((repository / "config.yaml").read_text())
    return load_config({**base, **describe_experiment(find_systems(folders, cameras or []), DATA, "my clips")})


def copy_weights(folder: Path, camera: str = "masked") -> str:
    shutil.copytree(shipped_file(camera, "center").parent, folder)
    return str(folder)


def test_the_packages_weights_are_evaluated_without_training(repository):
    config = configure(repository, [])
    assert [system.name for system in config.systems] == ["standard", "masked"]
    assert not config.trains and config.name == "my_clips"
    plan = Plan(config, (SequenceRecord("test", "a", "frames/a", "folder", 7),))
    assert EvaluationPlan(plan).fitting_split == "test"
    assert "training_curves" not in ReportPlan(plan).figures
    inputs = plan.taking_inputs("masked", "motion")
    assert inputs["init"] == str(shipped_file("masked", "motion"))
    rows = ReportPlan(plan).rows
    assert [row["label"] for row in rows if row["kind"] == "trained"] == ["As given (Standard)", "As given (Masked)"]


def test_training_one_stage_needs_all_splits_again(repository):
    values = describe_experiment(find_systems([], ["masked"]), DATA, "x")
    values["cascades"][0]["stages"][1]["training"] = {"steps": 5}
    base = yaml.safe_load((repository / "config.yaml").read_text())
    config = load_config({**base, **values})
    assert config.trains and not config.is_trained("masked", "center") and config.is_trained("masked", "motion")
    plan = Plan(config, ())
    assert list(plan.of_trained("{stage}", "masked")) == ["motion"]


def test_folders_give_names_and_headers_the_stages_and_the_camera(repository, tmp_path):
    first, second = copy_weights(tmp_path / "one/My Weights"), copy_weights(tmp_path / "two/My Weights", "standard")
    config = configure(repository, [first, second])
    assert [(s.name, s.camera) for s in config.systems] == [("my_weights", "masked"), ("my_weights_2", "standard")]
    assert [stage.name for stage in config.stages("my_weights")] == ["center", "motion"]
    assert config.init_of("my_weights_2", "center") == str(tmp_path / "two/My Weights/center.safetensors")


def test_weights_of_the_hub_are_fetched_and_called_after_their_repository(tmp_path, monkeypatch):
    folder = Path(copy_weights(tmp_path / "cache"))
    monkeypatch.setattr("unsmear.hub.fetch_hub_weights", lambda address: folder)
    (system,) = find_systems(["hf://user/Sharp"], [])
    assert (system.name, system.camera["name"]) == ("sharp", "masked")
    assert system.weights == (folder / "center.safetensors", folder / "motion.safetensors")


def test_a_camera_of_the_results_that_weights_lie_in_is_taken(repository, tmp_path):
    folder = copy_weights(tmp_path / "results/models/masked")
    camera = tmp_path / "results/cameras/masked/camera.json"
    camera.parent.mkdir(parents=True)
    described = {"name": "masked", "optics": {"kind": "masked", "psi_range": [0, 6]}}
    camera.write_text(json.dumps({"config": described}))
    assert find_systems([folder], [])[0].camera == described
    assert find_systems([folder], [str(camera)])[0].camera == described


@pytest.mark.parametrize("given", [["center"], ["center", "copy", "motion"]])
def test_weights_that_are_no_whole_cascade_are_told_by_their_option(tmp_path, monkeypatch, capsys, given):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    (tmp_path / "mine").mkdir()
    for name in given:
        source = shipped_file("masked", "center" if name == "copy" else name)
        shutil.copyfile(source, tmp_path / f"mine/{name}.safetensors")
    assert main(["evaluate", "--footage", "clips", "--weights", "mine"]) == 2
    error = capsys.readouterr().err
    assert re.search("--weights: mine: (no stage predicts frame 1|two stages are called center)", error)
    assert error.count("\n") == 1


def test_another_camera_than_the_one_trained_for_is_told(tmp_path, capsys):
    folder = copy_weights(tmp_path / "mine")
    assert find_systems([folder], ["standard"])[0].camera["name"] == "standard"
    assert "trained for the camera masked" in capsys.readouterr().err
    find_systems([folder], ["masked"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("folders", "cameras", "message"),
    [
        (["absent"], [], "absent"),
        ([], ["masked", "masked"], "--camera: masked is named twice"),
        ([], ["camera.json"], "--camera camera.json: the package's weights are for standard and masked"),
        (["mine"], ["standard", "masked"], "--camera names 2 cameras for 1 folders"),
        (["mine"], ["nowhere.json"], "--camera: nowhere.json is neither standard nor masked"),
        (["empty"], [], "empty holds no"),
        (["mixed"], [], "different cameras are no cascade .mixed/center.safetensors for masked, .* for standard"),
    ],
)
def test_what_cannot_be_evaluated_is_named(tmp_path, monkeypatch, folders, cameras, message):
    monkeypatch.chdir(tmp_path)
    copy_weights(tmp_path / "mine")
    (tmp_path / "empty").mkdir()
    copy_weights(tmp_path / "mixed")
    shutil.copyfile(shipped_file("standard", "motion"), tmp_path / "mixed/motion.safetensors")
    with pytest.raises(ValueError, match=message):
        find_systems(folders, cameras)
