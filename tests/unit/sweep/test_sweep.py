from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.propose import propose_trial, propose_values
from unsmear.sweep.select import choose_hparams
from unsmear.sweep.trials import Trial, best_trial, read_trials
from unsmear.training.config import Hparams
from unsmear.training.metrics import MetricsTable
from unsmear.training.train import read_hparams

TRACKING = {"config": {"enabled": False}, "root": "unused", "experiment": "test"}


def make_sweep(**changes) -> SweepConfig:
    values = {
        "system": "standard",
        "stage": "center",
        "sampler": "tpe",
        "space": {"learning_rate": {"loguniform": [1e-5, 1e-1]}, "loss": {"choice": ["mse", "l1"]}},
        "rounds": [{"trials": 6, "budget": 10}, {"trials": 4, "budget": 20}],
    }
    return SweepConfig.model_validate({**values, **changes})


def finish(folder: Path, *objectives: float) -> None:
    table = MetricsTable()
    for step, value in enumerate(objectives, 1):
        table.add(step=step, split="val", psnr=value)
        table.add(step=step, split="train", loss=1.0)
    table.write(folder / "metrics.csv")


def test_proposals_are_deterministic_distinct_and_inside_the_space():
    sweep = make_sweep()
    proposals = [propose_values(sweep, 1, trial, []) for trial in range(1, 7)]
    assert proposals == [propose_values(sweep, 1, trial, []) for trial in range(1, 7)]
    assert len({values["learning_rate"] for values in proposals}) == 6
    assert all(1e-5 <= v["learning_rate"] <= 1e-1 and v["loss"] in ("mse", "l1") for v in proposals)
    assert proposals[0] != propose_values(make_sweep(seed=1), 1, 1, [])


def test_later_rounds_learn_from_earlier_ones():
    sweep = make_sweep(rounds=[{"trials": 40, "budget": 1}, {"trials": 8, "budget": 1}])
    earlier = []
    for trial in range(1, 41):
        values = propose_values(sweep, 1, trial, [])
        objective = -abs(math.log10(values["learning_rate"]) + 2) - (values["loss"] == "mse")
        earlier.append(Trial(1, trial, values, 1, objective))
    informed = [propose_values(sweep, 2, trial, earlier) for trial in range(1, 9)]
    distance = [abs(math.log10(v["learning_rate"]) + 2) for v in informed]
    first = [abs(math.log10(t.values["learning_rate"]) + 2) for t in earlier]
    assert sum(distance) / 8 < sum(first) / 40


def test_values_outside_a_changed_space_do_not_break_later_proposals():
    sweep = make_sweep(space={"loss": {"choice": ["l1", "charbonnier"]}})
    old = [Trial(1, n, {"loss": loss, "noise": 0.1}, 1, 1.0) for n, loss in enumerate(("mse", "l1"), 1)]
    assert propose_values(sweep, 2, 1, old)["loss"] in ("l1", "charbonnier")


def test_grid_visits_every_point_once_then_says_it_is_empty():
    space = {"loss": {"choice": ["mse", "l1"]}, "betas": {"choice": [[0.5, 0.9], [0.9, 0.99], [0.9, 0.999]]}}
    sweep = make_sweep(sampler="grid", space=space, rounds=[{"trials": 4, "budget": 1}, {"trials": 2, "budget": 1}])
    points = [propose_values(sweep, 1, trial, []) for trial in range(1, 5)]
    points += [propose_values(sweep, 2, trial, []) for trial in range(1, 3)]
    assert len({str(point) for point in points}) == 6
    with pytest.raises(ValueError, match="grid has 6 points, but 7 trials"):
        make_sweep(sampler="grid", space=space, rounds=[{"trials": 7, "budget": 1}])


def test_proposal_and_selection_through_files(tmp_path):
    sweep, defaults = make_sweep(rounds=[{"trials": 3, "budget": 10}]), Hparams(steps=500)
    folders = [tmp_path / f"r1-t{trial}" for trial in (1, 2, 3)]
    for trial, (folder, objective) in enumerate(zip(folders, (20.0, 22.0, math.nan), strict=True), 1):
        propose_trial(sweep, defaults, 1, trial, [], folder / "hparams.yaml")
        assert read_hparams(folder / "hparams.yaml").steps == 10
        finish(folder, 30.0, objective)
    output = tmp_path / "final" / "hparams.yaml"
    choose_hparams(
        sweep=sweep.model_dump(mode="json"), defaults=defaults, folders=folders, inherited=None,
        output=output, folder=tmp_path / "trials", tracking=TRACKING,
    )  # fmt: skip
    record = yaml.safe_load(output.read_text())
    assert (record["selected"]["round"], record["selected"]["trial"]) == (1, 2)
    winner = propose_values(sweep, 1, 2, [])
    chosen = read_hparams(output)
    assert chosen.steps == 500 and chosen.loss == winner["loss"]
    assert chosen.learning_rate == pytest.approx(winner["learning_rate"])
    assert record["replaced"]["learning_rate"] == defaults.learning_rate and len(record["trials"]) == 3

    inherited = tmp_path / "other" / "hparams.yaml"
    entry = {"system": "masked", "stage": "center", "inherit": "standard"}
    choose_hparams(
        sweep=entry, defaults=Hparams(steps=7), folders=[], inherited=output,
        output=inherited, folder=tmp_path, tracking=TRACKING,
    )  # fmt: skip
    taken = read_hparams(inherited)
    assert taken.steps == 7 and taken.learning_rate == chosen.learning_rate

    repeat = tmp_path / "repeat" / "hparams.yaml"
    choose_hparams(
        sweep={"system": "masked_seed2", "stage": "center", "inherit": "masked"}, defaults=Hparams(steps=7), folders=[],
        inherited=inherited, output=repeat, folder=tmp_path, tracking=TRACKING,
    )  # fmt: skip
    assert read_hparams(repeat) == taken, "a repeat has the values of its system, wherever they are from"


def test_stage_without_sweep_takes_the_defaults(tmp_path):
    output = tmp_path / "hparams.yaml"
    choose_hparams(
        sweep=None, defaults=Hparams(crop=64), folders=[], inherited=None,
        output=output, folder=tmp_path, tracking=TRACKING,
    )  # fmt: skip
    assert read_hparams(output) == Hparams(crop=64)


def test_best_is_of_the_last_round_and_of_the_right_direction():
    trials = [Trial(1, 1, {}, 1, 9.0), Trial(2, 1, {}, 2, 3.0), Trial(2, 2, {}, 2, 5.0)]
    assert best_trial(trials, "maximize") is trials[2]
    assert best_trial(trials, "minimize") is trials[1]
    with pytest.raises(ValueError, match="no trial ended with a finite objective"):
        best_trial([Trial(1, 1, {}, 1, math.inf)], "minimize")


def test_missing_metric_is_named(tmp_path):
    propose_trial(make_sweep(), Hparams(), 1, 1, [], tmp_path / "hparams.yaml")
    finish(tmp_path, 20.0)
    with pytest.raises(ValueError, match="has no ssim on the validation split"):
        read_trials([tmp_path], "ssim")
