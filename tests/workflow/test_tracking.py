"""What the workflow leaves in the tracking store, and what it keeps out of everything."""

from __future__ import annotations

import csv
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PASSWORD = "correct-horse-battery"
RUN = "results/models/standard/f17/final/weights.safetensors"
SCORES = "results/evaluation/masked/per_frame.csv"


def _open(project) -> sqlite3.Connection:
    return sqlite3.connect(project.folder / "results/mlflow/mlflow.db")


def _values(project, table: str, run: str) -> dict[str, str]:
    query = f"select key, value from {table} t join runs r on r.run_uuid = t.run_uuid where r.name = ?"
    with _open(project) as store:
        return dict(store.execute(query, (run,)))


def _artifacts(project, run: str) -> set[str]:
    with _open(project) as store:
        (uri,) = store.execute("select artifact_uri from runs where name = ?", (run,)).fetchone()
    # The store keeps absolute addresses; these tests read the project it was made in.
    folder = Path(uri.removeprefix("file://"))
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


TRAININGS = [
    f"{system}/{stage}/final" for system in ("standard", "masked") for stage in ("center", "f35", "f26", "f17")
]
TRIALS = [f"standard/center/trials/r1-t{number}" for number in (1, 2)]


def test_every_run_is_recorded_whole(finished_once):
    others = ["standard/center/sweep"]
    others += [f"{name}/evaluation" for name in ("standard", "masked", "input_standard", "input_masked")]
    with _open(finished_once) as store:
        runs = store.execute("select r.name, status, e.name from runs r join experiments e using (experiment_id)")
        found = {name: (status, experiment) for name, status, experiment in runs}
        sweep = "select run_uuid from runs where name = 'standard/center/sweep'"
        query = (
            f"select name from runs join tags using (run_uuid) where key = 'mlflow.parentRunId' and value = ({sweep})"
        )
        children = {name for (name,) in store.execute(query)}
    assert found == dict.fromkeys([*TRAININGS, *TRIALS, *others], ("FINISHED", "tiny"))
    assert children == set(TRIALS)
    notes = json.loads((finished_once.folder / "results/mlflow/sent.json").read_text())["runs"]
    journals = list((finished_once.folder / "results").rglob("run.jsonl"))
    assert sorted(note["values"] for note in notes.values()) == sorted(path.stat().st_size for path in journals)
    assert all(note["values"] == note["files"] for note in notes.values())
    for run in TRAININGS:
        outcome = json.loads((finished_once.folder / "results/models" / run / "outcome.json").read_text())
        assert _values(finished_once, "tags", run)["unsmear.key"] == outcome["key"]


def test_every_number_of_a_training_is_in_the_store(finished_once):
    for run in [*TRAININGS, *TRIALS]:
        with _open(finished_once) as store:
            query = "select key, step, value from metrics join runs using (run_uuid) where name = ?"
            stored = {(key, step): value for key, step, value in store.execute(query, (run,))}
        with (finished_once.folder / "results/models" / run / "metrics.csv").open() as table:
            rows = list(csv.DictReader(table))
        assert {row["split"] for row in rows} == {"train", "val"}
        for row in rows:
            split, step = row.pop("split"), int(row.pop("step"))
            for name, text in row.items():
                if text:
                    key = name if name in ("lr", "epoch") else f"{split}.{name}"
                    assert stored[key, step] == pytest.approx(float(text), rel=1e-5), (run, key, step)
        assert ("system/cpu_utilization_percentage", 0) in stored
        assert ("system/process_memory_usage_megabytes", 0) in stored


def test_training_records_what_it_was_and_what_it_saw(finished_once):
    run = "masked/center/final"
    params, tags = _values(finished_once, "params", run), _values(finished_once, "tags", run)
    assert params["camera"] == "masked" and params["optics.psi_range"] == "[0.0, 8.0]"
    assert params["optics.ring_radii"] == "[0.55, 0.8]" and len(params["data"]) == 32
    assert (params["hparams.steps"], params["stage.name"], params["stage.network.kind"]) == ("4", "center", "joint")
    assert _values(finished_once, "params", "standard/center/final")["optics.kind"] == "standard"
    assert tags["rule"] == "train_stage" and tags["wildcards.system"] == "masked" and tags["code.digest"]
    assert (tags["wildcards.stage"], tags["wildcards.run"]) == ("center", "final")
    assert tags["host"] == socket.gethostname() and tags["version.torch"] and tags["version.mlflow"]
    assert re.fullmatch("[0-9a-f]{40}", tags["git.commit"]) and tags["git.dirty"] == "false"
    found = _artifacts(finished_once, run)
    assert {"samples/step_000002.png", "samples/step_000004.png"} <= found
    assert {"config.yaml", "environment.txt", "camera/psfs.npy", "camera/camera.json"} <= found
    assert {"weights.safetensors", "metrics.csv"} <= found
    with _open(finished_once) as store:
        used = "select source_id from inputs join runs on run_uuid = destination_id where name = ?"
        query = f"select name, digest from datasets where dataset_uuid in ({used})"
        assert store.execute(query, (run,)).fetchall() == [("masked blur", params["data"])]


def test_evaluated_cascade_is_one_version_of_a_registered_model(finished_once):
    with _open(finished_once) as store:
        versions = store.execute("select name, version, description from model_versions").fetchall()
        (num_evaluations,) = store.execute("select count(*) from runs where name = 'masked/evaluation'").fetchone()
    assert num_evaluations == 1
    assert sorted((name, version) for name, version, _ in versions) == [("unsmear-masked", 1), ("unsmear-standard", 1)]
    assert all("## Limits" in card and "middle.psnr" in card and "data digest" in card for *_, card in versions)
    tags = _values(finished_once, "tags", "masked/evaluation")
    assert tags["rule"] == "gather_evaluation" and tags["wildcards.evaluated"] == "masked"
    with _open(finished_once) as store:
        datasets = {name for (name,) in store.execute("select name from datasets")}
    assert {"masked blur", "test blur"} <= datasets


def test_registered_model_turns_one_picture_into_seven_frames(finished_once, tmp_path):
    program = (
        "import sys, numpy as np, mlflow\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model('models:/unsmear-masked/latest')\n"
        "picture = np.load(sys.argv[2])[0]\n"
        "assert model.metadata.signature is not None and model.metadata.saved_input_example_info\n"
        "np.save(sys.argv[3], model.predict(picture[None])[0])\n"
    )
    results, found = finished_once.folder / "results", tmp_path / "frames.npy"
    blur = sorted((results / "blur/masked/test").glob("*.npy"))[0]
    uri = f"sqlite:///{results / 'mlflow/mlflow.db'}"
    subprocess.run([sys.executable, "-c", program, uri, str(blur), str(found)], check=True, cwd=tmp_path)
    frames, picture = np.load(found), np.load(blur)[0]
    assert frames.shape == (7, *picture.shape) and frames.dtype == np.uint8
    assert np.abs(frames.astype(float) - picture).mean() < 30


def test_lost_store_is_made_anew_from_the_journals(finished):
    shutil.rmtree(finished.folder / "results/mlflow")
    before = finished.folder / "results/report/index.html"
    text = before.read_bytes()
    finished.run("sync_tracking")
    with _open(finished) as store:
        names = [name for (name,) in store.execute("select name from runs")]
        models = {name for (name,) in store.execute("select name from model_versions")}
    assert len(names) == len(set(names)) == 15
    assert models == {"unsmear-standard", "unsmear-masked"}
    assert before.read_bytes() == text


def test_switched_off_tracking_never_imports_mlflow(finished):
    finished.configure(tracking={"enabled": False})
    package = finished.folder / "src" / "mlflow"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('mlflow was imported')\n")
    shutil.rmtree(finished.folder / "results/mlflow")
    before = {path: path.stat().st_size for path in (finished.folder / "results").rglob("run.jsonl")}
    text = finished.run("--forcerun", "gather_evaluation", RUN, "--", RUN, SCORES)
    text += finished.run("--forcerun", "start_sweep", "--", "results/models/standard/center/final/hparams.yaml")
    recorded = ("start_sweep", "select_trial", "gather_evaluation", "train_stage")
    assert all(f"rule {name}:" in text for name in recorded)
    assert before == {path: path.stat().st_size for path in (finished.folder / "results").rglob("run.jsonl")}
    assert not (finished.folder / "results/mlflow").exists()


def test_secrets_are_written_nowhere(finished, monkeypatch):
    """In the address, from the environment, and while the store cannot be reached."""
    from_environment = "staple-77-battery"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", from_environment)
    tracking = {"uri": f"http://ada:{PASSWORD}@127.0.0.1:9", "finish_wait_s": 1.0, "timeout_s": 1}
    finished.configure(tracking=tracking)
    text = finished.run("--forcerun", "write_report", "--", "results/report/index.html")
    text += finished.run("--forcerun", "gather_evaluation", RUN, "--", RUN, SCORES)
    assert "train_stage" in text and "gather_evaluation" in text
    assert "`snakemake sync_tracking` sends them" in text
    text += finished.run("sync_tracking", check=False)
    assert "the tracking store is not available" in text
    finished.configure(tracking={"uri": f"postgresql://db.invalid/runs?user=ada&password={PASSWORD}"})
    text += finished.run("sync_tracking", check=False)
    for secret in (PASSWORD, from_environment):
        assert secret not in text
        leaks = [
            path
            for path in finished.folder.rglob("*")
            if path.is_file() and path != finished.folder / "config.yaml" and secret.encode() in path.read_bytes()
        ]
        assert leaks == []


def test_address_that_cannot_be_used_stops_before_anything_runs(finished):
    finished.configure(tracking={"uri": "https://ada:${NOT_SET_ANYWHERE}@example.org"})
    text = finished.run("--forcerun", "write_report", check=False)
    assert "export NOT_SET_ANYWHERE" in text and "rule write_report" not in text


def test_mistake_in_the_tracking_section_shows_no_value(fresh):
    fresh.configure(tracking={"uri": f"ftp://ada:{PASSWORD}@example.org", "token": PASSWORD})
    text = fresh.run("--dry-run", check=False)
    assert "tracking.uri" in text and "tracking.token" in text and PASSWORD not in text
