"""Multiply-adds of the cascades that the configurations compare; nothing is computed."""

from __future__ import annotations

import pytest
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from unsmear.cascade.jin2018 import published_stages
from unsmear.cascade.stage import Stage
from unsmear.config_systems import CascadeConfig


def read_cascades(path):
    """Name to stages, as an overlay of the configuration lists them."""
    cascades = map(CascadeConfig.model_validate, yaml.safe_load(path.read_text())["cascades"])
    return {cascade.name: [stage.spec for stage in cascade.stages] for cascade in cascades}


def count_multiply_adds(specs, height, width):
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        for spec in specs:
            picture = torch.empty(1, 3, height, width)
            Stage(spec)(picture, dict.fromkeys(spec.conditions_on, picture))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize(("height", "width"), [(128, 128), (720, 1280)])
def test_compared_networks_cost_the_same(repository, height, width):
    cascades = read_cascades(repository / "config" / "networks.yaml")
    costs = {name: count_multiply_adds(specs, height, width) for name, specs in cascades.items()}
    assert costs["joint_per_pixel"] == costs["joint"]
    assert 0.9 < costs["joint"] / costs["published"] < 1.1


def test_large_joint_cascade_costs_at_most_half_of_the_published_one(repository):
    joint = read_cascades(repository / "config" / "reds.yaml")["compact"]
    assert {spec.network.kind for spec in joint} == {"joint"} and len(joint) == 4
    published = count_multiply_adds(published_stages(), 720, 1280)
    assert published == pytest.approx(3.0286e12, rel=1e-4)
    assert count_multiply_adds(joint, 720, 1280) <= published / 2


def test_networks_are_compared_on_equal_terms(repository):
    overlay = yaml.safe_load((repository / "config" / "networks.yaml").read_text())
    trainings = {
        tuple((stage["name"], str(stage["training"])) for stage in cascade["stages"]) for cascade in overlay["cascades"]
    }
    assert len(trainings) == 1 and overlay["sweep"] == []
    assert {system["seeds"] for system in overlay["systems"]} == {3}
    compared = {(system["camera"], system["cascade"]) for system in overlay["systems"]}
    assert compared >= {(camera, cascade) for camera in ("standard", "masked") for cascade in ("published", "joint")}
    assert ("standard", "joint_per_pixel") in compared
