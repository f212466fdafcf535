from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from unsmear.config import load_config
from unsmear.schema import config_schema


@pytest.fixture
def values(repository: Path) -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load((repository / "config.yaml").read_text()))


def test_default_configuration_is_the_published_comparison(values):
    config = load_config(values)
    assert [system.name for system in config.systems] == ["standard", "masked"]
    assert [stage.name for stage in config.stages("masked")] == ["center", "f35", "f26", "f17"]
    assert config.scenes.test_sequences >= 50


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(sed=1), ["sed"]),
        (lambda c: c["data"].update(frames_per_group=6), ["data.frames_per_group", "6"]),
        (lambda c: c["training"]["defaults"].update(learning_rate=-1), ["training.defaults.learning_rate", "-1"]),
        (lambda c: c["training"]["stages"].update(middle={"steps": 1}), ["no stage is called middle"]),
        (lambda c: c["training"]["stages"]["center"].update(stepz=1), ["stepz"]),
        (lambda c: c["systems"].append({"name": "x", "camera": "pinhole"}), ["camera pinhole is not defined"]),
        (lambda c: c["systems"].append(dict(c["systems"][0])), ["two entries are called standard"]),
        (lambda c: c["systems"].append({"name": "input_x", "camera": "masked"}), ["input_x is taken"]),
        (lambda c: c["cascades"][0]["stages"].pop(), ["no stage predicts frame 1"]),
        (lambda c: c["cascades"][0]["stages"][1].update(predicts=[3, 4]), ["frame 4 is predicted twice"]),
        (lambda c: c["cascades"][0]["stages"][1].update(conditions_on=[2]), ["f35", "frame 2"]),
        (lambda c: c["sweep"][0]["space"].update(speed={"choice": [1]}), ["speed is no hyper-parameter"]),
        (lambda c: c["sweep"][0]["space"].update(learning_rate={"uniform": [1, 0]}), ["low < high"]),
        (lambda c: c["sweep"][1].update(inherit="masked"), ["masked"]),
        (lambda c: c["cameras"][1].update(optics={"kind": "masked", "psf_size": 26}), ["psf_size", "26"]),
    ],
)
def test_faults_are_refused_with_their_place(values, change, words):
    change(values)
    with pytest.raises(ValueError, match="the configuration cannot be used") as caught:
        load_config(values)
    for word in words:
        assert word in str(caught.value)


def test_all_faults_are_shown_at_once(values):
    values["seed"], values["scenes"]["height"] = -3, 5
    with pytest.raises(ValueError) as caught:
        load_config(values)
    assert "seed" in str(caught.value) and "scenes.height" in str(caught.value)


@pytest.mark.parametrize("num_frames", [5, 9])
def test_other_numbers_of_frames_come_from_the_stage_table_alone(values, num_frames):
    values["data"]["frames_per_group"] = num_frames
    middle = (num_frames + 1) // 2
    stages = [{"name": "center", "predicts": [middle]}]
    for distance in range(1, middle):
        known = list(range(middle - distance + 1, middle + distance))
        stages.append(
            {"name": f"ring{distance}", "predicts": [middle - distance, middle + distance], "conditions_on": known}
        )
    values["cascades"][0]["stages"] = stages
    values["training"]["stages"] = {}
    assert len(load_config(values).stages("masked")) == middle


def test_overlays_are_complete(values, repository):
    for path in sorted((repository / "config").glob("*.yaml")):
        overlay = yaml.safe_load(path.read_text())
        merged = copy.deepcopy(values)
        for key, value in overlay.items():
            merged[key] = {**merged[key], **value} if isinstance(value, dict) and key in merged else value
        load_config(merged)


def test_schema_is_in_step(repository):
    stored = (repository / "workflow/schemas/config.schema.json").read_text()
    assert stored == config_schema(), "the schema is stale; run `make schema`"
