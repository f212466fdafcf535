"""A sweep of two rounds through the workflow: a kill in the middle, promotion, trials that diverge, later changes."""

from __future__ import annotations

import contextlib
import csv
import re
import signal
import sqlite3
import subprocess
import sys
import time

import psutil
import pytest
import yaml
from safetensors.numpy import load_file

from conftest import clean_environment

CENTER = "results/models/standard/center"
REPORT = "results/report/sweeps/standard/center"
FINAL = f"{CENTER}/final/weights.safetensors"
TARGETS = (FINAL, f"{REPORT}/trials.csv")
SWEEP = {
    "system": "standard",
    "stage": "center",
    "sampler": "tpe",
    # With a rate of 1 the loss is not finite after a few steps.
    "space": {
        "learning_rate": {"choice": [0.001, 1.0]},
        "betas": {"choice": [[0.9, 0.99], [0.5, 0.9]]},
        "noise": {"uniform": [0, 0.02]},
    },
    "rounds": [{"trials": 5, "budget": 24, "promote": 2}, {"trials": 3, "budget": 36}],
    "reuse": True,
}
HPARAMS = {
    "steps": 36, "batch_size": 2, "crop": 64, "warmup_steps": 0, "schedule": "constant", "loss": "mse",
    "gradient_clip": 1e6,
}  # fmt: skip


def configure(project, **changes):
    training = {"defaults": HPARAMS, "validate_every": 12, "max_skipped_steps": 3}
    project.configure(training=training, sweep=[{**SWEEP, **changes}])


def trained(project):
    planned = project.dry_run(*TARGETS)
    paths = [*planned.outputs("train_stage"), *planned.outputs("train_stage_and_save")]
    return {path.split("/center/")[1].rpartition("/")[0] for path in paths}


def kill_in_the_middle(project):
    """Run until two trials have finished and another one trains, then kill every process of the run."""
    environment = clean_environment(OMP_NUM_THREADS="1")
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", *TARGETS],
        cwd=project.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 300
    while len(finished_trials(project)) < 2 or len(list(project.folder.glob(f"{CENTER}/trials/*/run.jsonl"))) < 3:
        assert process.poll() is None and time.monotonic() < until, "the sweep ended before it could be killed"
        time.sleep(0.05)
    for each in (process, *psutil.Process(process.pid).children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            each.send_signal(signal.SIGKILL)
    process.wait()


def finished_trials(project):
    """Folder and time of all trials that have ended; `outcome.json` is the last of a trial's files."""
    done = project.folder.glob(f"{CENTER}/trials/*/outcome.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in done if "status" in path.read_text()}


def read_metrics(project, trial):
    with (project.folder / CENTER / "trials" / trial / "metrics.csv").open() as stream:
        return [(int(row["step"]), row["split"], row["loss"], row["psnr"]) for row in csv.DictReader(stream)]


def read_yaml(project, path):
    return yaml.safe_load((project.folder / path).read_text())


def test_each_search_has_its_trials_and_its_report(fresh):
    masked = {**SWEEP, "system": "masked", "stage": "f35", "rounds": [{"trials": 2, "budget": 4}]}
    fresh.configure(
        sweep=[{**SWEEP, "reuse": False}, masked, {"system": "masked", "stage": "center", "inherit": "standard"}]
    )
    jobs = fresh.plan()
    # States are saved for the second round of the first search, and for the final training of the other one.
    assert jobs["train_stage_and_save"] == 5 + 2 and jobs["train_stage"] == 3 + 8
    assert jobs["propose_trials"] == 8 + 2 and jobs["start_sweep"] == jobs["draw_sweep"] == 2
    fresh.configure(sweep=[])
    jobs = fresh.plan()
    assert not {"start_sweep", "propose_trials", "draw_sweep"} & set(jobs) and jobs["train_stage"] == 8


@pytest.mark.slow
def test_a_sweep_is_killed_goes_on_promotes_and_passes_over_what_diverges(fresh):
    configure(fresh)
    kill_in_the_middle(fresh)
    before = finished_trials(fresh)
    assert len(before) >= 2 and not (fresh.folder / FINAL.replace("weights", "x")).exists()
    fresh.run("--unlock", *TARGETS)
    fresh.run(*TARGETS)
    after = finished_trials(fresh)
    assert {name: after[name] for name in before} == before
    assert set(after) == {*(f"r1-t{n}" for n in range(1, 6)), *(f"r2-t{n}" for n in range(1, 4))}

    # Trials that diverge end well, with all their outputs, and are passed over.
    records = {name: read_yaml(fresh, f"{CENTER}/trials/{name}/hparams.yaml") for name in after}
    endings = {name: read_yaml(fresh, f"{CENTER}/trials/{name}/outcome.json") for name in after}
    diverged = {name for name, record in records.items() if record["hparams"]["learning_rate"] == 1}
    assert diverged and {name for name, end in endings.items() if end["status"] == "failed"} == diverged
    assert all("is not finite" in endings[name]["reason"] for name in diverged)
    for name in after:
        files = {"weights.safetensors", "metrics.csv", "outcome.json", "state.pt"}
        assert files <= {path.name for path in (fresh.folder / CENTER / "trials" / name).iterdir()}, name

    # The promoted resume from their saved state.
    for name in ("r2-t1", "r2-t2"):
        source = records[name]["proposal"]["promoted"]
        assert source not in diverged and endings[name]["seconds"] > 0
        log = (fresh.folder / f"results/logs/train_stage/standard/center/trials/{name}.log").read_text()
        assert "resumes from step 24" in log
        assert read_metrics(fresh, name)[:4] == read_metrics(fresh, source)
        assert [step for step, split, *_ in read_metrics(fresh, name) if split == "val"] == [12, 24, 36]

    # The winner's weights are those of the final training, and the evidence is there.
    final = read_yaml(fresh, f"{CENTER}/final/hparams.yaml")
    winner = "r{round}-t{trial}".format(**final["selected"])
    assert final["start"] == f"trials/{winner}" and winner.startswith("r2-") and winner not in diverged
    best = max(line["objective"] for line in final["trials"] if line["round"] == 2 and line["status"] == "finished")
    assert best == next(x["objective"] for x in final["trials"] if f"r{x['round']}-t{x['trial']}" == winner)
    assert final["replaced"] == {"learning_rate": 0.001, "betas": [0.9, 0.99], "noise": 0.0}
    weights, reused = (load_file(fresh.folder / path) for path in (FINAL, FINAL.replace("final", f"trials/{winner}")))
    assert all((weights[name] == reused[name]).all() for name in weights)

    check_report(fresh, winner, diverged)
    check_tracking(fresh, winner, records, diverged)
    check_later_changes(fresh, after)


def check_report(project, winner, diverged):
    with (project.folder / REPORT / "trials.csv").open() as stream:
        rows = {row["trial"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 8 and [name for name, row in rows.items() if row["chosen"]] == [winner]
    assert all((row["status"] == "failed") == (name in diverged) for name, row in rows.items())
    assert all(float(row["seconds"]) > 0 for row in rows.values())
    assert (project.folder / REPORT / "objective.png").stat().st_size > 5000


def check_tracking(project, winner, records, diverged):
    """One parent run; trials are its children, with round, budget and status, and the winner is tagged."""
    with sqlite3.connect(project.folder / "results/mlflow/mlflow.db") as store:
        runs = dict(store.execute("select run_uuid, name from runs where lifecycle_stage = 'active'"))
        statuses = dict(store.execute("select run_uuid, status from runs"))
        tables = {}
        for table in ("params", "tags"):
            tables[table] = {uuid: {} for uuid in runs}
            for uuid, key, value in store.execute(f"select run_uuid, key, value from {table}"):
                tables[table].get(uuid, {})[key] = value
        steps = dict(store.execute("select run_uuid, max(step) from metrics where key = 'val.psnr' group by run_uuid"))
    parents = [uuid for uuid, name in runs.items() if name == "standard/center/sweep"]
    assert len(parents) == 1
    tags = tables["tags"][parents[0]]
    assert tags["winner"] == winner and float(tags["best.learning_rate"]) == 0.001
    children = {
        uuid: name.rpartition("/")[2]
        for uuid, name in runs.items()
        if tables["tags"][uuid].get("mlflow.parentRunId") == parents[0]
    }
    # The kill leaves no run behind that its trial does not go on with.
    assert sorted(children.values()) == sorted(records)
    for uuid, name in children.items():
        params, proposal = tables["params"][uuid], records[name]["proposal"]
        assert (params["trial.round"], params["trial.budget"]) == (str(proposal["round"]), str(proposal["budget"]))
        assert float(params["hparams.learning_rate"]) == proposal["values"]["learning_rate"]
        assert params.get("trial.promoted") == proposal.get("promoted")
        failed = name in diverged
        assert tables["tags"][uuid]["status"] == ("failed" if failed else "finished")
        assert statuses[uuid] == ("FAILED" if failed else "FINISHED")
        assert failed or steps[uuid] == proposal["budget"]
        assert (tables["tags"][uuid].get("winner") == "true") == (name == winner)


def check_later_changes(project, trials):
    assert project.plan(*TARGETS) == {}
    rounds = [SWEEP["rounds"][0], {"trials": 4, "budget": 36}]
    configure(project, rounds=rounds)
    assert trained(project) == {"trials/r2-t4", "final"}
    # Old trials stay, and are read, when a choice is taken away.
    configure(project, space={**SWEEP["space"], "learning_rate": {"choice": [0.001]}})
    assert trained(project) <= {"final"}
    before = read_yaml(project, f"{CENTER}/final/hparams.yaml")
    project.run(f"{CENTER}/final/hparams.yaml")
    assert read_yaml(project, f"{CENTER}/final/hparams.yaml") == before
    assert finished_trials(project) == trials
    # With nothing left to choose from, the sweep stops with a table of reasons.
    configure(project, space={**SWEEP["space"], "noise": {"uniform": [0.4, 0.5]}})
    text = project.run(f"{CENTER}/final/hparams.yaml", check=False)
    assert "none of the sweep's 8 trials can be used" in text
    for name in trials:
        assert re.search(
            rf"{name} +(the loss of step \d+ is not finite|its values are outside the present space)", text
        )
    configure(project)
    # One trial is run again by its name, like any job.
    one = f"{CENTER}/trials/r1-t1/metrics.csv"
    (project.folder / one).unlink()
    assert project.plan(one) == {"train_stage_and_save": 1}
