from __future__ import annotations

import math

import optuna
from made_trials import make_sweep

from unsmear.sweep.propose import propose_values
from unsmear.sweep.study import build_study, comparable_trials, measure_importance
from unsmear.sweep.trials import Trial

SPACE = {"learning_rate": {"loguniform": [1e-5, 1e-1]}, "noise": {"uniform": [0, 0.5]}}


def make_trials(number, budget=1, start=0):
    sweep = make_sweep(space=SPACE, sampler="random", rounds=[{"trials": 60, "budget": 1}])
    trials = []
    for trial in range(start + 1, start + number + 1):
        values = propose_values(sweep, 1, trial, [])
        objective = -((math.log10(values["learning_rate"]) + 3) ** 2) + 0.01 * values["noise"]
        trials.append(Trial(1, trial, values, budget, objective))
    return sweep, trials


def test_importance_finds_what_matters_and_is_optunas():
    sweep, trials = make_trials(40)
    importance = measure_importance(sweep, trials)
    assert importance["learning_rate"] > 0.8 and math.isclose(sum(importance.values()), 1)
    # The same trials told to Optuna by hand.
    study = optuna.create_study(direction="maximize")
    spread = {
        "learning_rate": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
        "noise": optuna.distributions.FloatDistribution(0, 0.5),
    }
    for trial in trials:
        study.add_trial(optuna.trial.create_trial(params=trial.values, distributions=spread, value=trial.objective))
    assert importance == optuna.importance.get_param_importances(study)


def test_importance_of_few_or_equal_trials_is_not_told():
    sweep, trials = make_trials(3)
    assert measure_importance(sweep, trials) == {} == measure_importance(sweep, [])
    same = [Trial(1, n, {"learning_rate": 1e-3, "noise": 0.1 * n}, 1, 20.0) for n in range(1, 5)]
    assert measure_importance(sweep, same) == {}


def test_failed_trials_are_told_as_failed_and_outsiders_not_at_all():
    sweep, trials = make_trials(3)
    trials += [
        Trial(1, 4, {"learning_rate": 1e-2, "noise": 0.0}, 1, math.nan, "failed", "diverged"),
        Trial(1, 5, {"learning_rate": 1.0, "noise": 0.0}, 1, 30.0, "outside", "outside"),
        Trial(1, 6, {"noise": 0.0}, 1, math.nan, "failed", "a hyper-parameter is not there"),
    ]
    states = [trial.state.name for trial in build_study(sweep, trials).trials]
    assert states == ["COMPLETE"] * 3 + ["FAIL"]


def test_trials_of_one_budget_are_compared():
    _, small = make_trials(8, budget=100)
    _, large = make_trials(2, budget=400, start=8)
    assert comparable_trials([*small, *large], 2) == small
    _, enough = make_trials(3, budget=400, start=8)
    assert comparable_trials([*small, *enough], 2) == enough
    assert comparable_trials([*small[:1], *large[:1]], 2) == large[:1]
    assert comparable_trials([], 2) == []
