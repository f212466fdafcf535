"""How much of a picture runs against its own direction of time."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

SOURCE = Path(__file__).resolve().parents[3] / "benchmarks/mixed_direction.py"
SPEC = importlib.util.spec_from_file_location("mixed_direction", SOURCE)
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)
mixed_direction = MODULE.mixed_direction


@pytest.fixture
def truth():
    torch.manual_seed(0)
    return torch.rand(2, 3, 96, 128)


def test_one_direction_everywhere_is_not_mixed(truth):
    assert mixed_direction(truth, truth) == 0
    assert mixed_direction(truth.flip(0), truth) == 0
    still = truth.mean(dim=0, keepdim=True).expand_as(truth)
    assert mixed_direction(still, truth) == 0


@pytest.mark.parametrize("columns", [32, 96])
def test_a_part_that_runs_the_other_way_counts_by_its_size(truth, columns):
    predicted = truth.clone()
    predicted[..., :columns] = truth.flip(0)[..., :columns]
    expected = min(columns, 128 - columns) / 128
    assert mixed_direction(predicted, truth) == pytest.approx(expected, abs=0.03)
    assert mixed_direction(predicted.flip(0), truth) == pytest.approx(expected, abs=0.03)


def test_the_part_without_motion_does_not_count(truth):
    truth[1, :, :, :64] = truth[0, :, :, :64]
    predicted = truth.clone()
    predicted[..., :32, 64:] = truth.flip(0)[..., :32, 64:]
    assert mixed_direction(predicted, truth) == pytest.approx(1 / 3, abs=0.03)
