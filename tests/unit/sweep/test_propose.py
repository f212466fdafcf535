from __future__ import annotations

import math

import pytest
from made_trials import end_trial, make_sweep, propose

from unsmear.sweep.propose import propose_values
from unsmear.sweep.trials import Trial
from unsmear.training.config import Hparams
from unsmear.training.hparams_file import read_record
from unsmear.training.train import read_hparams


def test_proposals_are_deterministic_distinct_and_inside_the_space():
    for sampler in ("tpe", "random"):
        sweep = make_sweep(sampler=sampler)
        proposals = [propose_values(sweep, 1, trial, []) for trial in range(1, 7)]
        assert proposals == [propose_values(sweep, 1, trial, []) for trial in range(1, 7)]
        assert len({values["learning_rate"] for values in proposals}) == 6
        assert all(1e-5 <= v["learning_rate"] <= 1e-1 and v["loss"] in ("mse", "l1") for v in proposals)
        assert proposals[0] != propose_values(make_sweep(sampler=sampler, seed=1), 1, 1, [])


def make_earlier(sweep, number, **changes):
    earlier = []
    for trial in range(1, number + 1):
        values = propose_values(sweep, 1, trial, [])
        objective = -abs(math.log10(values["learning_rate"]) + 2) - (values["loss"] == "mse")
        earlier.append(Trial(1, trial, values, 1, objective, **changes))
    return earlier


def test_later_rounds_learn_from_earlier_ones():
    sweep = make_sweep(rounds=[{"trials": 40, "budget": 1}, {"trials": 8, "budget": 1}])
    earlier = make_earlier(sweep, 40)
    informed = [propose_values(sweep, 2, trial, earlier) for trial in range(1, 9)]
    distance = [abs(math.log10(v["learning_rate"]) + 2) for v in informed]
    first = [abs(math.log10(t.values["learning_rate"]) + 2) for t in earlier]
    assert sum(distance) / 8 < sum(first) / 40
    assert informed == [propose_values(sweep, 2, trial, earlier) for trial in range(1, 9)]


def test_failed_trials_teach_no_values():
    sweep = make_sweep(rounds=[{"trials": 8, "budget": 1}, {"trials": 4, "budget": 1}])
    earlier = make_earlier(sweep, 8)
    failed = Trial(1, 9, {"learning_rate": 0.05, "loss": "l1"}, 1, math.nan, "failed", "the loss is not finite")
    assert propose_values(sweep, 2, 1, [*earlier, failed]) == propose_values(sweep, 2, 1, earlier)


def test_values_outside_a_changed_space_do_not_break_later_proposals():
    sweep = make_sweep(space={"loss": {"choice": ["l1", "charbonnier"]}})
    old = [Trial(1, n, {"loss": loss, "noise": 0.1}, 1, 1.0) for n, loss in enumerate(("mse", "l1"), 1)]
    assert propose_values(sweep, 2, 1, old)["loss"] in ("l1", "charbonnier")


def test_grid_visits_every_point_once():
    space = {"loss": {"choice": ["mse", "l1"]}, "betas": {"choice": [[0.5, 0.9], [0.9, 0.99], [0.9, 0.999]]}}
    rounds = [{"trials": 4, "budget": 1, "promote": 2}, {"trials": 4, "budget": 2}]
    sweep = make_sweep(sampler="grid", space=space, rounds=rounds)
    points = [propose_values(sweep, 1, trial, []) for trial in range(1, 5)]
    points += [propose_values(sweep, 2, trial, []) for trial in (3, 4)]
    assert len({str(point) for point in points}) == 6
    with pytest.raises(ValueError, match="grid has 6 points, but 7 trials"):
        make_sweep(sampler="grid", space=space, rounds=[{"trials": 7, "budget": 1}])


PROMOTING = [{"trials": 4, "budget": 10, "promote": 2}, {"trials": 3, "budget": 20}]


@pytest.mark.parametrize(("direction", "best"), [("maximize", ["r1-t3", "r1-t1"]), ("minimize", ["r1-t2", "r1-t1"])])
def test_promoted_trials_keep_their_hparams_and_say_where_they_start(tmp_path, direction, best):
    sweep = make_sweep(rounds=PROMOTING, direction=direction)
    for trial, objective in enumerate((22.0, 21.0, 23.0, 22.0), 1):
        end_trial(propose(sweep, tmp_path, 1, trial), 10.0, objective)
    for trial, source in enumerate(best, 1):
        record = read_record(propose(sweep, tmp_path, 2, trial) / "hparams.yaml")
        assert record["start"] == f"trials/{source}" and record["proposal"]["promoted"] == source
        before = read_record(tmp_path / source / "hparams.yaml")["hparams"]
        assert record["hparams"] == {**before, "steps": 20} and before["steps"] == 10
    new = read_record(propose(sweep, tmp_path, 2, 3) / "hparams.yaml")
    assert "start" not in new and "promoted" not in new["proposal"] and new["hparams"]["steps"] == 20


def test_new_trials_stand_in_for_promoted_ones_that_failed(tmp_path):
    space = {"loss": {"choice": ["mse", "l1", "charbonnier", "log_mse"]}}
    for sampler in ("grid", "random", "tpe"):
        root = tmp_path / sampler
        rounds = [{"trials": 3, "budget": 10, "promote": 2}, {"trials": 2, "budget": 20}]
        sweep = make_sweep(rounds=rounds, sampler=sampler, space=space)
        for trial, reason in enumerate(("out of memory", None, "the loss is not finite"), 1):
            end_trial(propose(sweep, root, 1, trial), 21.0, reason=reason)
        first, second = (read_record(propose(sweep, root, 2, trial) / "hparams.yaml") for trial in (1, 2))
        assert first["start"] == "trials/r1-t2" and "start" not in second
        assert second["hparams"]["loss"] in space["loss"]["choice"]
    # The grid's stand-in takes a point that none has tried.
    assert second is not None and read_hparams(tmp_path / "grid/r2-t2/hparams.yaml").loss == "log_mse"


def test_a_round_in_which_all_failed_stops_the_sweep_with_their_reasons(tmp_path):
    sweep = make_sweep(rounds=PROMOTING)
    for trial in range(1, 5):
        end_trial(propose(sweep, tmp_path, 1, trial), reason=f"the loss of step {trial} is not finite")
    for trial in (1, 3):
        with pytest.raises(
            ValueError, match=r"none of the sweep's 4 trials can be used(.|\n)*r1-t4 +the loss of step 4"
        ):
            propose(sweep, tmp_path, 2, trial)
    assert not (tmp_path / "r2-t1").exists()


def test_budget_and_defaults_fill_what_is_not_searched(tmp_path):
    hparams = read_hparams(propose(make_sweep(), tmp_path, 1, 2, Hparams(steps=500, crop=64)) / "hparams.yaml")
    assert hparams.steps == 10 and hparams.crop == 64
