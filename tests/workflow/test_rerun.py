"""What runs again after changes that the table of docs/workflow.md does not have, by dry-run on a finished project."""

from __future__ import annotations

import csv
import io

import numpy as np


def test_one_target_builds_what_it_needs(fresh):
    planned = fresh.dry_run("results/models/masked/f35/final/weights.safetensors")
    # The masked center takes over the sweep of the standard one, so its two trials come along.
    jobs = planned.jobs
    assert jobs["train_stage"] == 4 and planned.trained == {"masked/center", "masked/f35", "standard/center"}
    assert "evaluate" not in jobs and "compare" not in jobs
    # Built-in scenes are extracted and rendered all at once.
    assert jobs["extract_sequence"] == 1 and jobs["render_blur"] == 2


def test_forcing_a_stage_reruns_what_follows_in_its_system(finished):
    target = "results/models/masked/f26/final/weights.safetensors"
    planned = finished.dry_run("--forcerun", target)
    jobs = planned.jobs
    assert planned.trained == {"masked/f26", "masked/f17"}
    assert jobs["evaluate"] == 2 and jobs["gather_evaluation"] == 1
    assert not {"extract_sequence", "render_blur", "make_scenes"} & set(jobs)


def test_new_camera_and_system_add_a_branch_of_their_own(finished):
    import yaml

    config = yaml.safe_load((finished.folder / "config.yaml").read_text())
    finished.configure(
        cameras=[*config["cameras"], {"name": "sweep", "optics": "focus_sweep"}],
        systems=[*config["systems"], {"name": "swept", "camera": "sweep", "cascade": "compact"}],
    )
    planned = finished.dry_run()
    jobs = planned.jobs
    assert planned.trained == {"swept/center", "swept/f35", "swept/f26", "swept/f17"}
    assert jobs["simulate_camera"] == jobs["draw_camera"] == jobs["render_blur"] == 1
    assert not {"extract_sequence", "make_scenes", "group_frames"} & set(jobs)
    assert all("/sweep/" in path for path in planned.outputs("render_blur"))


def test_seeds_train_and_evaluate_repeats_and_nothing_else_again(finished):
    import yaml

    config = yaml.safe_load((finished.folder / "config.yaml").read_text())
    finished.configure(systems=[config["systems"][0], {**config["systems"][1], "seeds": 3}])
    planned = finished.dry_run()
    jobs, stages = planned.jobs, ("center", "f35", "f26", "f17")
    assert planned.trained == {f"masked_seed{seed}/{stage}" for seed in (2, 3) for stage in stages}
    assert jobs["train_stage"] == 8 and jobs["evaluate"] == 4 and jobs["gather_evaluation"] == 2
    # The cost of a repeat is that of its system.
    assert jobs["compare"] == 1 and "measure_cost" not in jobs
    assert not {"make_scenes", "render_blur", "propose_trials", "simulate_camera"} & set(jobs)


def test_changed_sequence_is_rendered_alone(fresh, shared):
    zips = shared / "data" / "crop256"
    fresh.configure(data={"source": "archives", "archives": {"folder": str(zips)}, "max_frames": 7})
    names = [path for path in fresh.dry_run().outputs("render_blur") if "/masked/" in path][:2]
    fresh.run("--", *names)
    store = fresh.folder / names[0].replace("blur/masked", "frames")
    frames = np.load(store)
    frames[0, 0, 0] ^= 255
    np.save(store, frames)
    planned = fresh.dry_run("--", *names)
    assert planned.outputs("render_blur") == names[:1] and planned.jobs == {"render_blur": 1}


def test_touching_without_change_reruns_nothing(finished):
    (finished.folder / "results/groups.csv").touch()
    (finished.folder / "results/models/masked/f35/final/hparams.yaml").touch()
    assert "train_stage" not in finished.plan()


def test_a_lost_part_is_evaluated_alone(finished):
    lost = "results/evaluation/masked/parts/004.csv"
    (finished.folder / lost).unlink()
    assert finished.plan(lost) == {"evaluate": 1}


def test_groups_table_is_plain(finished_once):
    rows = list(csv.DictReader(io.StringIO((finished_once.folder / "results/groups.csv").read_text())))
    assert list(rows[0]) == ["split", "sequence", "group", "first_frame", "num_frames"]
    assert len(rows) == 2 * 2 + 1 + 6


def test_another_trial_runs_only_itself_and_what_follows(finished):
    import yaml

    sweep = yaml.safe_load((finished.folder / "config.yaml").read_text())["sweep"]
    sweep[0]["space"]["learning_rate"]["choice"].append(0.004)
    finished.configure(sweep=sweep)
    assert "propose_trials" in finished.plan(), "another space proposes anew"
    sweep[0]["space"]["learning_rate"]["choice"].pop()
    sweep[0]["sampler"], sweep[0]["rounds"][0]["trials"] = "grid", 1
    finished.configure(sweep=sweep)
    jobs = finished.plan()
    assert "propose_trials" not in jobs and jobs["select_trial"] >= 1


def test_grouping_and_learning_rate_changed_at_once_both_count(finished):
    finished.configure(training={"defaults": {"steps": 4, "batch_size": 2, "crop": 64, "learning_rate": 0.003}})
    (finished.folder / "results/groups.csv").unlink()
    jobs = finished.plan()
    assert jobs["train_stage"] >= 8 and jobs["group_frames"] == 1
