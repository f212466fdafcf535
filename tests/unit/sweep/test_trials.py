from __future__ import annotations

import math

import pytest
from made_trials import end_trial, make_sweep, propose

from unsmear.sweep.trials import Trial, best_trial, rank_trials, read_trials
from unsmear.training.hparams_file import find_start, write_hparams


def test_any_column_of_the_metrics_can_be_the_objective(tmp_path):
    folder = propose(make_sweep(), tmp_path, 1, 1)
    end_trial(folder, 20.0, 21.0, loss=0.25)
    assert read_trials([folder], make_sweep())[0].objective == 21.0
    assert read_trials([folder], make_sweep(metric="loss", direction="minimize"))[0].objective == 0.25


def test_missing_metric_is_named_with_those_that_are_there(tmp_path):
    folder = propose(make_sweep(), tmp_path, 1, 1)
    end_trial(folder, 20.0, loss=0.5)
    sweep = make_sweep(metric="ssim", direction="maximize")
    with pytest.raises(ValueError, match=r"metrics.csv has no ssim on the validation split; .* one of: loss, psnr"):
        read_trials([folder], sweep)
    end_trial(folder)
    with pytest.raises(ValueError, match="has no psnr on the validation split"):
        read_trials([folder], make_sweep())


def test_trials_that_ended_badly_say_why(tmp_path):
    sweep = make_sweep()
    folders = [propose(sweep, tmp_path, 1, trial) for trial in (1, 2, 3)]
    end_trial(folders[0], 21.0, reason="CUDA out of memory")
    end_trial(folders[1], 20.0, math.nan)
    end_trial(folders[2], 20.5)
    failed, endless, good = read_trials(reversed(folders), sweep)
    assert (failed.status, failed.reason, failed.usable) == ("failed", "CUDA out of memory", False)
    assert (endless.status, endless.reason) == ("failed", "its psnr is not finite")
    assert good.usable and good.reason is None
    assert [trial.name for trial in rank_trials([failed, endless, good], "maximize")] == ["r1-t3"]
    # A failed trial needs no metric at all.
    end_trial(folders[0], reason="CUDA out of memory")
    assert math.isnan(read_trials(folders, sweep)[0].objective)


def test_removing_a_choice_leaves_old_trials_readable(tmp_path):
    wide = make_sweep(sampler="grid", space={"loss": {"choice": ["mse", "l1"]}}, rounds=[{"trials": 2, "budget": 1}])
    folders = [propose(wide, tmp_path, 1, trial) for trial in (1, 2)]
    end_trial(folders[0], 30.0)
    end_trial(folders[1], 20.0)
    narrow = make_sweep(sampler="grid", space={"loss": {"choice": ["l1"]}}, rounds=[{"trials": 1, "budget": 1}])
    trials = read_trials(folders, narrow)
    assert [trial.status for trial in trials] == ["outside", "finished"]
    # What may no longer be chosen is not chosen, however good it was.
    assert best_trial(trials, "maximize") is trials[1]


def test_best_is_of_the_largest_budget_and_of_the_right_direction():
    trials = [Trial(1, 1, {}, 1, 9.0), Trial(2, 1, {}, 2, 3.0), Trial(2, 2, {}, 2, 5.0), Trial(3, 1, {}, 2, 4.0)]
    assert best_trial(trials, "maximize") is trials[2]
    assert best_trial(trials, "minimize") is trials[1]
    with pytest.raises(ValueError, match="none of the sweep's 1 trials can be used"):
        best_trial([Trial(1, 1, {}, 1, math.nan, "failed", "diverged")], "minimize")


def test_equals_are_ranked_by_their_numbers():
    trials = [Trial(2, 1, {}, 1, 5.0), Trial(1, 2, {}, 1, 5.0), Trial(1, 1, {}, 1, 5.0)]
    for goal in ("maximize", "minimize"):
        assert [trial.name for trial in rank_trials(trials, goal)] == ["r1-t1", "r1-t2", "r2-t1"]


def test_start_is_found_among_the_states(tmp_path):
    states = [f"trials/r1-t{trial}/state.pt" for trial in (1, 2, 11)]
    path = tmp_path / "hparams.yaml"
    write_hparams(path, {})
    assert find_start(path, states) is None
    write_hparams(path, {}, start="trials/r1-t1")
    assert str(find_start(path, states)) == "trials/r1-t1/state.pt"
    write_hparams(path, {}, start="trials/r1-t3")
    with pytest.raises(ValueError, match="resumes from trials/r1-t3, whose state is not there"):
        find_start(path, states)


def test_damaged_records_are_named(tmp_path):
    folder = propose(make_sweep(), tmp_path, 1, 1)
    end_trial(folder, 20.0)
    (folder / "hparams.yaml").write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"hparams.yaml does not hold hyper-parameters"):
        read_trials([folder], make_sweep())
    write_hparams(folder / "hparams.yaml", {"steps": 1})
    with pytest.raises(ValueError, match=r"hparams.yaml is no trial's"):
        read_trials([folder], make_sweep())
