"""What the workflow leaves in the tracking store, and what it keeps out of everything."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

PASSWORD = "correct-horse-battery"


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


def test_training_records_what_it_was_and_what_it_saw(finished_once):
    run = "masked/center/final"
    params, tags = _values(finished_once, "params", run), _values(finished_once, "tags", run)
    assert params["camera"] == "masked" and params["optics.psi_range"] == "[0.0, 8.0]"
    assert params["optics.ring_radii"] == "[0.55, 0.8]" and len(params["data"]) == 32
    assert _values(finished_once, "params", "standard/center/final")["optics.kind"] == "standard"
    assert tags["rule"] == "train_stage" and tags["wildcards.system"] == "masked" and tags["code.digest"]
    found = _artifacts(finished_once, run)
    assert {"samples/step_000002.png", "samples/step_000004.png", "curves/loss.svg", "curves/psnr.svg"} <= found
    assert {"config.yaml", "environment.txt", "camera/psfs.npy", "camera/camera.json"} <= found
    assert {"weights.safetensors", "metrics.csv"} <= found


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
    finished.run("--forcerun", "start_sweep", "gather_evaluation", "train_stage")
    assert not (finished.folder / "results/mlflow").exists()
    for path in (finished.folder / "results").rglob("tracking.json"):
        if "trials/tracking.json" not in path.as_posix():
            assert json.loads(path.read_text())["enabled"] is False, path


def test_password_in_the_address_is_written_nowhere(finished):
    finished.configure(tracking={"uri": f"http://ada:{PASSWORD}@127.0.0.1:9", "send": "later"})
    text = finished.run("--forcerun", "gather_evaluation", "write_report")
    assert "gather_evaluation" in text and PASSWORD not in text
    assert PASSWORD not in finished.run("sync_tracking", check=False)
    leaks = [
        path
        for path in finished.folder.rglob("*")
        if path.is_file() and path.name != "config.yaml" and PASSWORD.encode() in path.read_bytes()
    ]
    assert leaks == []


def test_mistake_in_the_tracking_section_shows_no_value(fresh):
    fresh.configure(tracking={"uri": f"ftp://ada:{PASSWORD}@example.org", "token": PASSWORD})
    text = fresh.run("--dry-run", check=False)
    assert "tracking.uri" in text and "tracking.token" in text and PASSWORD not in text
