from __future__ import annotations

import pytest
import yaml
from made_trials import TRACKING, end_trial, make_sweep, propose

from unsmear.sweep.propose import propose_values
from unsmear.sweep.select import choose_hparams
from unsmear.training.config import Hparams
from unsmear.training.train import read_hparams


def choose(sweep, root, folders, defaults, output=None, inherited=None, dependents=()):
    output = output or root / "final" / "hparams.yaml"
    choose_hparams(
        sweep=sweep if sweep is None or isinstance(sweep, dict) else sweep.model_dump(mode="json"),
        defaults=defaults, folders=folders, inherited=inherited, output=output, folder=root, tracking=TRACKING,
        dependents=dependents,
    )  # fmt: skip
    return yaml.safe_load(output.read_text())


def test_winner_evidence_and_replaced_defaults_are_written(tmp_path):
    sweep, defaults = make_sweep(rounds=[{"trials": 4, "budget": 10}]), Hparams(steps=500)
    folders = [propose(sweep, tmp_path, 1, trial, defaults) for trial in range(1, 5)]
    for folder, objective in zip(folders, (20.0, 22.0, 99.0, 21.0), strict=True):
        end_trial(folder, 30.0, objective, reason="diverged" if objective == 99.0 else None)
    record = choose(sweep, tmp_path, folders, defaults)
    winner = propose_values(sweep, 1, 2, [])
    assert record["selected"] == {"round": 1, "trial": 2, "values": winner}
    assert record["replaced"] == {"learning_rate": defaults.learning_rate, "loss": defaults.loss}
    chosen = read_hparams(tmp_path / "final/hparams.yaml")
    assert chosen == defaults.model_copy(update=winner) and chosen.steps == 500
    evidence = record["trials"]
    assert [line["trial"] for line in evidence] == [1, 2, 3, 4] and evidence[1]["objective"] == 22.0
    assert evidence[2]["status"] == "failed" and evidence[2]["reason"] == "diverged"
    assert all(line["values"] == propose_values(sweep, 1, n, []) for n, line in enumerate(evidence, 1))
    assert "start" not in record and "reuse" not in record

    other = tmp_path / "other/hparams.yaml"
    entry = {"system": "masked", "stage": "center", "inherit": "standard"}
    choose(entry, tmp_path, [], Hparams(steps=7), inherited=tmp_path / "final/hparams.yaml", output=other)
    assert read_hparams(other) == Hparams(steps=7, **winner)


def test_all_failed_leaves_no_file(tmp_path):
    sweep = make_sweep(rounds=[{"trials": 2, "budget": 10}])
    folders = [propose(sweep, tmp_path, 1, trial) for trial in (1, 2)]
    for folder in folders:
        end_trial(folder, reason="CUDA out of memory")
    with pytest.raises(ValueError, match=r"r1-t1 +CUDA out of memory \(learning_rate .*\n.*r1-t2 +CUDA"):
        choose(sweep, tmp_path, folders, Hparams())
    assert not (tmp_path / "final").exists()


def test_winner_is_reused_where_all_hyper_parameters_are_the_same(tmp_path):
    sweep = make_sweep(rounds=[{"trials": 2, "budget": 10}], reuse=True)
    folders = [propose(sweep, tmp_path, 1, trial) for trial in (1, 2)]
    for folder, objective in zip(folders, (21.0, 20.0), strict=True):
        end_trial(folder, objective)
    record = choose(sweep, tmp_path, folders, Hparams(steps=10), dependents=["masked"])
    assert record["start"] == "trials/r1-t1" and "reuse" not in record
    record = choose(sweep, tmp_path, folders, Hparams(steps=11, crop=64))
    assert "start" not in record and record["reuse"] == "no: r1-t1 and the final training differ in steps, crop"


def test_promoted_winner_is_not_reused_where_another_system_trains_its_values_anew(tmp_path):
    sweep = make_sweep(rounds=[{"trials": 2, "budget": 10, "promote": 1}, {"trials": 1, "budget": 20}], reuse=True)
    for trial in (1, 2):
        end_trial(propose(sweep, tmp_path, 1, trial), 20.0 + trial)
    end_trial(propose(sweep, tmp_path, 2, 1), 23.0)
    folders = [tmp_path / name for name in ("r1-t1", "r1-t2", "r2-t1")]
    record = choose(sweep, tmp_path, folders, Hparams(steps=20))
    assert record["start"] == "trials/r2-t1" and record["trials"][2]["promoted"] == "r1-t2"
    record = choose(sweep, tmp_path, folders, Hparams(steps=20), dependents=["masked"])
    assert "start" not in record
    assert record["reuse"] == "no: r2-t1 was promoted, but masked trains its values from the start"


def test_stage_without_sweep_takes_the_defaults(tmp_path):
    choose(None, tmp_path, [], Hparams(crop=64))
    assert read_hparams(tmp_path / "final/hparams.yaml") == Hparams(crop=64)
