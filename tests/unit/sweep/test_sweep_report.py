"""Tables, figure and page section of a sweep, from trials' files."""

from __future__ import annotations

import csv

import pytest
from made_trials import TRACKING, end_trial, make_sweep, propose
from PIL import Image

from unsmear.report.config import ReportConfig
from unsmear.report.page.render import render
from unsmear.report.page.sweeps import describe_sweeps
from unsmear.report.sweeps import report_sweep
from unsmear.sweep.select import select_trial
from unsmear.sweep.study import measure_importance
from unsmear.sweep.trials import read_trials
from unsmear.training.config import Hparams

CONFIG = ReportConfig(figure_dpi=60)
SPACE = {
    "learning_rate": {"loguniform": [1e-5, 1e-3]},
    "betas": {"choice": [[0.9, 0.99], [0.5, 0.999]]},
    "loss": {"choice": ["mse", "l1"]},
    "noise": {"uniform": [0, 0.1]},
}


def report(root, sweep, objectives, reasons=(), **end):
    """Trials with those objectives, chosen among and reported; returns rows of both tables and the page's section."""
    folders, numbers = [], iter(objectives)
    for number, entry in enumerate(sweep.rounds, 1):
        for trial in range(1, entry.trials + 1):
            folder = propose(sweep, root, number, trial)
            reason = "the loss is not finite" if f"r{number}-t{trial}" in reasons else None
            end_trial(folder, 10.0, next(numbers), reason=reason, **end)
            folders.append(folder)
    chosen, place = root / "final/hparams.yaml", root / "report/sweeps/standard/center"
    select_trial(sweep, Hparams(steps=500), folders, chosen, root, TRACKING)
    files = [place / name for name in ("trials.csv", "hparams.csv", "objective.png")]
    report_sweep(sweep, folders, chosen, *files, CONFIG)
    tables = [list(csv.DictReader(path.read_text().splitlines())) for path in files[:2]]
    entry = {"system": "standard", "stage": "center", "folder": place, "dependents": ["masked"]}
    with Image.open(files[2]) as picture:
        assert picture.width > 200 and len(set(picture.convert("L").tobytes())) > 20
    section = render(
        "sweeps.html", sweeps=describe_sweeps([entry], root / "report/index.html", {"standard": "No <mask>"})
    )
    return *tables, section, folders


def test_report_tells_what_was_tried_and_found(tmp_path):
    rounds = [{"trials": 6, "budget": 10, "promote": 2}, {"trials": 3, "budget": 20}]
    sweep = make_sweep(space=SPACE, rounds=rounds)
    objectives = (20.0, 21.0, 99.0, 22.0, 20.5, 19.0, 23.0, 24.0, 22.5)
    trials, hparams, section, folders = report(tmp_path, sweep, objectives, reasons=("r1-t3",))
    assert [row["trial"] for row in trials] == [folder.name for folder in folders]
    assert trials[2]["status"] == "failed" and trials[2]["reason"] and trials[2]["objective"] == ""
    assert [row["trial"] for row in trials if row["chosen"]] == ["r2-t2"]
    assert trials[6]["promoted"] == "r1-t4" and trials[7]["promoted"] == "r1-t2"
    assert {row["hparams.betas"] for row in trials} == {"0.9, 0.99", "0.5, 0.999"}
    importance = measure_importance(sweep, read_trials(folders, sweep))
    assert {row["hyperparameter"]: row["importance"] for row in hparams} == {
        name: f"{importance[name]:.4f}" for name in SPACE
    }
    assert [row["space"] for row in hparams][:3] == [
        "loguniform 1e-05 to 0.001", "choice 0.9, 0.99 | 0.5, 0.999", "choice mse | l1",
    ]  # fmt: skip
    assert hparams[1]["default"] == "0.9, 0.99" and hparams[0]["chosen"] == trials[7]["hparams.learning_rate"]
    for text in ("No &lt;mask&gt;, stage center", "9 trials in 2 rounds took 1 min 30 s; 1 failed",
                 "Chosen: r2-t2", "train masked", "fANOVA", "sweeps/standard/center/objective.png",
                 "the loss is not finite", "resumes from"):  # fmt: skip
        assert text in section, text


@pytest.mark.parametrize("space", [SPACE, {"loss": {"choice": ["mse"]}}])
def test_one_trial_is_reported_without_importance(tmp_path, space):
    trials, hparams, section, _ = report(
        tmp_path, make_sweep(space=space, rounds=[{"trials": 1, "budget": 10}]), [20.0]
    )
    assert len(trials) == 1 and {row["importance"] for row in hparams} == {""}
    assert "Importance is not computed: it takes four finished trials" in section
    assert "1 trial in 1 round took" in section


def test_single_hyper_parameter_has_all_importance(tmp_path):
    sweep = make_sweep(space={"noise": {"uniform": [0, 0.1]}}, rounds=[{"trials": 5, "budget": 10}])
    _, hparams, section, _ = report(tmp_path, sweep, (20.0, 21.0, 22.0, 20.0, 19.0))
    assert hparams[0]["importance"] == "1.0000" and "its importance is 1 whatever was found" in section


def test_other_metrics_and_removed_choices_are_shown(tmp_path):
    old = make_sweep(space=SPACE, metric="perceptual", direction="minimize", rounds=[{"trials": 3, "budget": 10}])
    trials, _, section, folders = report(tmp_path, old, (1.0, 2.0, 3.0), perceptual=0.25)
    assert {row["metric"] for row in trials} == {
        "perceptual"
    } and "validation perceptual is 0.25 (minimized)" in section
    kept = next(row for row in trials)["hparams.betas"].split(", ")
    space = {**SPACE, "betas": {"choice": [[float(part) for part in kept]]}}
    narrow = old.model_copy(update={"space": make_sweep(space=space).space})
    select_trial(narrow, Hparams(), folders, tmp_path / "final/hparams.yaml", tmp_path, TRACKING)
    files = [tmp_path / name for name in ("t.csv", "h.csv", "o.png")]
    report_sweep(narrow, folders, tmp_path / "final/hparams.yaml", *files, CONFIG)
    statuses = [row["status"] for row in csv.DictReader(files[0].read_text().splitlines())]
    assert statuses[0] == "finished" and set(statuses) <= {"finished", "outside"}


def test_nothing_is_said_where_nothing_was_searched(tmp_path):
    assert describe_sweeps([], tmp_path / "index.html", {}) == []
