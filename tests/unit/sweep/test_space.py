from __future__ import annotations

import re

import pytest
from made_trials import make_sweep

from unsmear.sweep.space import contains
from unsmear.training.config import Hparams


@pytest.mark.parametrize("name", [name for name in Hparams.model_fields if name != "steps"])
def test_every_hyper_parameter_can_be_searched(name):
    default = Hparams.model_fields[name].get_default(call_default_factory=True)
    sweep = make_sweep(space={name: {"choice": [default]}})
    assert sweep.space[name].choice == (default,)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"learning_rat": {"choice": [1]}}, "learning_rat is no hyper-parameter to search; choose among batch_size"),
        ({"steps": {"int": [1, 9]}}, "each round's budget says"),
        ({"learning_rate": {"loguniform": [1e-5, 2.0]}}, "learning_rate cannot be 2.0: .*less than or equal to 1"),
        ({"batch_size": {"uniform": [4, 16]}}, "batch_size cannot be 7.8.*: .*integer"),
        ({"batch_size": {"loguniform": [4, 16]}}, "batch_size cannot be 6.2.*: .*integer"),
        ({"loss": {"choice": ["mse", "huber"]}}, "loss cannot be 'huber'"),
        ({"betas": {"choice": [[0.9, 1.5]]}}, "betas cannot be"),
        ({"flips": {"int": [0, 1]}}, "flips takes no numbers between two ends"),
        ({"learning_rate": {"choice": [0.001, "1e-3"]}}, "learning_rate has a choice twice"),
        ({"learning_rate": {"normal": [0, 1]}}, "a distribution is one of"),
        ({"learning_rate": {"loguniform": [0, 1]}}, "needs 0 < low < high"),
    ],
)
def test_faulty_spaces_are_refused_before_anything_runs(space, message):
    with pytest.raises(ValueError, match=re.compile(message)):
        make_sweep(space=space)


def test_numbers_written_as_yaml_reads_them_become_numbers():
    space = make_sweep(space={"learning_rate": {"loguniform": ["1e-5", "1e-3"]}, "noise": {"choice": ["1e-2"]}}).space
    assert space["learning_rate"].loguniform == (1e-5, 1e-3) and space["noise"].choice == (0.01,)


def test_a_space_knows_what_it_contains():
    space = make_sweep(
        space={
            "learning_rate": {"loguniform": [1e-4, 1e-2]},
            "betas": {"choice": [[0.5, 0.9]]},
            "crop": {"int": [8, 64]},
        }
    ).space
    values = {"learning_rate": 1e-3, "betas": [0.5, 0.9], "crop": 32}
    assert contains(space, values) and contains(space, {**values, "noise": 0.1})
    for change in ({"learning_rate": 1e-5}, {"betas": [0.9, 0.9]}, {"crop": 65}, {"crop": "l1"}):
        assert not contains(space, {**values, **change})
    assert not contains(space, {"learning_rate": 1e-3})
