from __future__ import annotations

import pytest
from made_trials import make_sweep

from unsmear.training.config import Hparams


@pytest.mark.parametrize(
    ("rounds", "message"),
    [
        ([{"trials": 4, "budget": 9, "promote": 5}, {"trials": 9, "budget": 20}], "promotes 5 of its 4 trials"),
        ([{"trials": 4, "budget": 9, "promote": 3}, {"trials": 2, "budget": 20}], "round 2, which has 2"),
        ([{"trials": 4, "budget": 9, "promote": 2}, {"trials": 2, "budget": 9}], "not above its own 9"),
        ([{"trials": 4, "budget": 9}, {"trials": 2, "budget": 20, "promote": 2}], "after the last none follows"),
        ([{"trials": 0, "budget": 9}], "greater than or equal to 1"),
        ([], "at least 1 item"),
    ],
)
def test_rounds_that_cannot_be(rounds, message):
    with pytest.raises(ValueError, match=message):
        make_sweep(rounds=rounds)


def test_other_metrics_need_a_direction():
    with pytest.raises(ValueError, match="whether to minimize or to maximize loss"):
        make_sweep(metric="loss")
    assert make_sweep(metric="loss", direction="minimize").goal == "minimize"
    assert make_sweep().goal == "maximize"


def test_promoted_trials_take_no_point_of_the_grid():
    space = {"loss": {"choice": ["mse", "l1", "charbonnier"]}}
    rounds = [{"trials": 3, "budget": 9, "promote": 2}, {"trials": 2, "budget": 18}]
    assert make_sweep(sampler="grid", space=space, rounds=rounds).promoted == (0, 2)
    with pytest.raises(ValueError, match="grid has 3 points, but 4 trials"):
        make_sweep(sampler="grid", space=space, rounds=[rounds[0], {"trials": 3, "budget": 18}])
    with pytest.raises(ValueError, match="grid sampler needs learning_rate as a choice"):
        make_sweep(sampler="grid", rounds=[{"trials": 1, "budget": 1}])


def test_states_are_saved_where_a_later_training_goes_on_from_them():
    rounds = [
        {"trials": 6, "budget": 10, "promote": 2},
        {"trials": 4, "budget": 20},
        {"trials": 2, "budget": 40},
        {"trials": 2, "budget": 40},
    ]
    sweep = make_sweep(rounds=rounds)
    assert sweep.saved_rounds(40) == (1,)
    assert sweep.starting_rounds("trials/r2-t2", 40) == (1,)
    assert sweep.starting_rounds("trials/r2-t3", 40) == sweep.starting_rounds("trials/r1-t1", 40) == ()
    assert sweep.starting_rounds("final", 40) == ()
    reused = make_sweep(rounds=rounds, reuse=True)
    assert reused.saved_rounds(40) == (1, 3, 4) and reused.starting_rounds("final", 40) == (3, 4)
    assert reused.saved_rounds(41) == (1,) and reused.starting_rounds("final", 41) == ()


def test_later_trials_and_rounds_decide_nothing_about_earlier_ones():
    few = make_sweep(rounds=[{"trials": 4, "budget": 10, "promote": 2}, {"trials": 3, "budget": 20}])
    later = [{"trials": 9, "budget": 20, "promote": 1}, {"trials": 1, "budget": 30}]
    more = make_sweep(rounds=[{"trials": 4, "budget": 10, "promote": 2}, *later], reuse=True)
    for place in ((1, 1), (1, 4), (2, 1), (2, 3)):
        assert few.known_to(*place) == more.known_to(*place)
    # What is passed between processes is valid by itself.
    assert type(few).model_validate(few.known_to(2, 1).model_dump(mode="json")) == few.known_to(2, 1)


def test_resources_are_asked_for_the_most_demanding_values():
    space = {"batch_size": {"choice": [4, 16, 8]}, "crop": {"int": [64, 96]}, "noise": {"uniform": [0, 0.1]}}
    sweep, defaults = make_sweep(space=space), Hparams(steps=500, batch_size=8, crop=80)
    final = sweep.most_demanding(defaults, "final")
    assert final == defaults.model_copy(update={"batch_size": 16, "crop": 96})
    assert sweep.most_demanding(defaults, "trials/r2-t3").steps == 20
    assert make_sweep().most_demanding(defaults, "final") == defaults
    auto = make_sweep(space={"batch_size": {"choice": ["auto", 128]}})
    assert auto.most_demanding(defaults, "final").batch_size == "auto"


def test_another_space_proposes_only_a_grid_anew():
    wide = {"loss": {"choice": ["mse", "l1", "charbonnier"]}}
    for sampler in ("random", "tpe", "grid"):
        before = make_sweep(sampler=sampler, space=wide, rounds=[{"trials": 1, "budget": 9}] * 2)
        space = make_sweep(space={"loss": {"choice": ["mse", "l1"]}}).space
        after = before.model_copy(update={"space": space})
        assert (before.basis_of(1, 1) == after.basis_of(1, 1)) is (sampler != "grid")
        for change in ({"seed": 5}, {"rounds": (before.rounds[0].model_copy(update={"budget": 10}),) * 2}):
            assert before.model_copy(update=change).basis_of(1, 1) != before.basis_of(1, 1)
        other = before.model_copy(update={"metric": "loss", "direction": "minimize"})
        assert other.basis_of(1, 1) == before.basis_of(1, 1) and other.basis_of(2, 1) != before.basis_of(2, 1)
