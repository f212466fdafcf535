"""What `--workflow-profile profiles/slurm` submits for the real experiment, planned without SLURM and offline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import clean_environment

NUM_SEQUENCES, NUM_TEST, NUM_CAMERAS, NUM_STAGES = 270, 30, 2, 4
# Nothing outside this machine can be asked.
OFFLINE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}


def run_offline(command, folder):
    environment = clean_environment(**OFFLINE)
    # The executor looks for a command that tells it the state of jobs.
    stub = folder / "bin" / "sacct"
    stub.parent.mkdir(exist_ok=True)
    stub.write_text("#!/bin/sh\n")
    stub.chmod(0o755)
    environment["PATH"] = f"{stub.parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def count_submissions(repository, folder, profile, *arguments):
    """What is submitted: rules, jobs and resources of each."""
    command = [sys.executable, str(Path(__file__).with_name("submissions.py")), "--snakefile", repository / "Snakefile"]
    text = run_offline([*command, "--workflow-profile", profile, *arguments], folder)
    return json.loads(re.search(r"^SUBMISSIONS (.*)$", text, re.MULTILINE)[1])


@pytest.fixture(scope="module")
def reds(repository, tmp_path_factory):
    """Submissions of config/reds.yaml."""
    folder = tmp_path_factory.mktemp("reds")
    config = ["--configfile", repository / "config/reds.yaml"]
    names = ["--config", "cluster={account: lab, cpu_partition: short, gpu_partition: long, gpu_model: h200}"]
    return count_submissions(repository, folder, repository / "profiles/slurm", *config, *names)


def of_rule(submissions, rule):
    return [entry for entry in submissions if rule in entry["rules"]]


@pytest.mark.slow
def test_short_jobs_of_270_sequences_are_tens_of_submissions(reds):
    frames = of_rule(reds, "render_blur")
    assert sum(entry["jobs"] for entry in frames) == NUM_SEQUENCES * (1 + NUM_CAMERAS)
    assert all(entry["rules"] == ["extract_sequence", "render_blur"] for entry in frames)
    assert len(frames) == 14
    # Two systems and the released networks; the pictures of either camera as they are.
    assert len(of_rule(reds, "evaluate")) == 3 * NUM_TEST / 10
    assert len(of_rule(reds, "evaluate_input")) == NUM_CAMERAS * NUM_TEST / 10
    assert [entry["rules"] for entry in of_rule(reds, "compare")] == [
        ["compare", "draw_figures", "draw_gallery", "write_report"]
    ]
    trainings = of_rule(reds, "train_stage") + of_rule(reds, "train_stage_and_save")
    assert len(reds) - len(trainings) < 70
    assert not {"group_frames", "select_trial", "propose_trials"} & {rule for entry in reds for rule in entry["rules"]}


@pytest.mark.slow
def test_submissions_name_partition_gpu_memory_and_time(reds):
    for entry in reds:
        wanted = bool(entry.get("gpu"))
        assert entry["slurm_partition"] == ("long" if wanted else "short") and entry["slurm_account"] == "lab"
        assert ("gpu_model" in entry) == wanted
    gpus = {entry["rules"][0] for entry in reds if entry.get("gpu")}
    assert gpus == {"train_stage", "train_stage_and_save", "fit_system_baselines", "evaluate", "measure_robustness"}
    # 20 sequences of 1.4 GB, eight CPUs abreast.
    largest = max(of_rule(reds, "render_blur"), key=lambda entry: entry["jobs"])
    assert largest["_cores"] == 8
    assert 8 * 2900 < largest["mem_mb"] < 8 * 4000 and 60 <= largest["runtime"] <= 120


@pytest.mark.slow
def test_reds_plans_the_papers_experiment_offline(repository, tmp_path):
    (tmp_path / "results").mkdir()
    command = [sys.executable, "-m", "snakemake", "--snakefile", repository / "Snakefile", "--dry-run"]
    text = run_offline([*command, "--configfile", repository / "config/reds.yaml", "--quiet", "rules"], tmp_path)
    counts = {name: int(number) for name, number in re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE)}
    config = yaml.safe_load((repository / "config/reds.yaml").read_text())
    trials = sum(entry["trials"] for entry in config["sweep"][0]["rounds"])
    wanted = {
        "download_reds": 18,  # 240 sequences for training and validation, 30 for the test, 15 a zip
        "extract_sequence": NUM_SEQUENCES,
        "render_blur": NUM_SEQUENCES * NUM_CAMERAS,
        "simulate_camera": NUM_CAMERAS,
        "draw_camera": NUM_CAMERAS,
        "group_frames": 1,
        "fetch_perceptual": 1,
        "import_pretrained": 1,
        "propose_trials": trials,
        "select_trial": 2 * NUM_STAGES,
        "draw_sweep": 1,
        "fit_camera_baselines": NUM_CAMERAS,
        "fit_system_baselines": 3,
        "evaluate": 3 * NUM_TEST // 10,
        "evaluate_input": NUM_CAMERAS * NUM_TEST // 10,
        "gather_evaluation": 3 + NUM_CAMERAS,
        "measure_cost": 3,
        "measure_robustness": 1,  # the camera with a pupil
        "compare": 1,
        "draw_figures": 1,
        "draw_gallery": 1,
        "write_report": 1,
    }
    assert {name: counts.get(name) for name in wanted} == wanted
    assert counts["train_stage"] + counts["train_stage_and_save"] == 2 * NUM_STAGES + trials
    known = {*wanted, "train_stage", "train_stage_and_save", "start_sweep", "all", "total"}
    assert set(counts) <= known, set(counts) - known


def test_four_gpus_as_the_profile_shows_them(repository, tmp_path, copy_tiny):
    project = copy_tiny(tmp_path / "project")
    profile = project.folder / "profiles/slurm/config.yaml"
    text, entry = profile.read_text().split("# set-threads:")
    lines = ("# set-threads:" + entry).splitlines()
    uncommented = "\n".join(line.removeprefix("# ") for line in lines)
    profile.write_text(text.replace("cores: 8 ", "cores: 32 ") + uncommented)
    found = count_submissions(project.folder, project.folder, "profiles/slurm")
    trainings = of_rule(found, "train_stage")
    assert len(trainings) == 2 * NUM_STAGES + 2
    assert {(entry["gpu"], entry["_cores"], entry["mem_mb"]) for entry in trainings} == {(4, 32, 56000)}
    assert not any(entry.get("gpu") for entry in found if entry not in trainings)
