"""The embedded store holds what a journal says, read back from its own tables."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import sync
from unsmear.tracking.run import open_run

CONFIG = TrackingConfig()


def table(root: Path, query: str) -> list[tuple]:
    with sqlite3.connect(root / "mlflow/mlflow.db") as connection:
        return connection.execute(query).fetchall()


def open_store(root: Path):
    from unsmear.tracking.store import Store

    return Store(CONFIG, CONFIG.resolve(root))


@pytest.fixture(scope="module")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with a store without runs: creating one takes seconds."""
    root = tmp_path_factory.mktemp("store")
    open_store(root)
    return root


@pytest.fixture
def synced(tmp_path: Path, new_store: Path) -> Path:
    root = tmp_path / "odd ?#%41 results"
    shutil.copytree(new_store, root)
    tags, key = {"rule": "t"}, "0123"
    with open_run(root / "run", "m/center/final", experiment="named", key=key, params={"lr": 0.1}, tags=tags) as run:
        run.log_params({"long": "x" * 10_000, "ähm, odd?": 1})
        run.log_metrics({"loss": 0.25, "nan": float("nan"), "inf": float("inf")}, 7)
        run.log_dataset("frames", "a" * 50, "results/groups.csv", num_groups=4)
        run.log_text("hello", "notes/a.md")
    assert sync(CONFIG, root) == (1, [])
    return root


def test_everything_arrives(synced: Path) -> None:
    [(run_id, status, name)] = table(synced, "select run_uuid, status, name from runs")
    assert (status, name) == ("FINISHED", "m/center/final")
    [note] = json.loads((synced / "mlflow/sent.json").read_text())["runs"].values()
    assert (note["run_id"], note["status"]) == (run_id, "FINISHED")
    assert set(table(synced, "select key, step, value, is_nan from metrics")) == {
        ("loss", 7, 0.25, 0),
        ("nan", 7, 0.0, 1),
        ("inf", 7, 1.7976931348623157e308, 0),
    }
    params = dict(table(synced, "select key, value from params"))
    assert params["lr"] == "0.1" and params["ähm_ odd_"] == "1" and len(params["long"]) == 6000
    tags = dict(table(synced, "select key, value from tags"))
    assert (
        (tags["rule"], tags["unsmear.key"]) == ("t", "0123")
        and tags["host"]
        and tags["mlflow.runName"] == "m/center/final"
    )
    assert table(synced, "select name, digest from datasets") == [("frames", "a" * 36)]
    assert table(synced, "select value from input_tags") == [("training",)]
    [experiment] = table(synced, "select name from experiments where experiment_id != 0")
    assert experiment == ("named",)
    [note] = (synced / "mlflow/artifacts").rglob("a.md")
    assert note.read_text() == "hello" and note.parent.parent.parent.name == run_id


def test_sending_again_changes_nothing(synced: Path) -> None:
    tables = ("runs", "metrics", "params", "tags", "datasets", "inputs", "input_tags", "latest_metrics")
    before = {name: sorted(table(synced, f"select * from {name}"), key=str) for name in tables}
    (synced / "mlflow/sent.json").unlink()
    assert sync(CONFIG, synced) == (1, [])
    assert {name: sorted(table(synced, f"select * from {name}"), key=str) for name in tables} == before


def test_doubles_of_a_run_are_deleted(synced: Path) -> None:
    """A request to create a run may arrive after its sender has given it up and sent another."""
    store = open_store(synced)
    query = "select run_uuid, experiment_id, value from runs join tags using (run_uuid) where key = 'unsmear.id'"
    [(run_id, experiment_id, key)] = table(synced, query)
    store.client.create_run(str(experiment_id), tags={"unsmear.id": key})
    assert store.ensure_run({"experiment": "named", "id": key}, None) == run_id
    assert table(synced, "select run_uuid from runs where lifecycle_stage = 'active'") == [(run_id,)]


def test_deleted_experiment_is_taken_back(synced: Path) -> None:
    client = open_store(synced).client
    experiment = client.get_experiment_by_name("named")
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)
    open_run(synced / "second", "second", experiment="named").finish()
    assert sync(CONFIG, synced) == (2, [])
    assert client.get_experiment(experiment.experiment_id).lifecycle_stage == "active"


def test_old_database_is_migrated_with_a_copy_kept(synced: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.db import utils

    from unsmear.tracking import store

    database, upgraded = synced / "mlflow/mlflow.db", []
    assert table(synced, "select version_num from alembic_version") == [(utils._get_latest_schema_revision(),)]
    monkeypatch.setattr(utils, "_get_latest_schema_revision", lambda: "newer")
    monkeypatch.setattr(store, "_upgrade", upgraded.append)
    store.create_database(database)
    assert upgraded == [database]
    assert (synced / "mlflow/mlflow.db.before-newer").read_bytes() == database.read_bytes()


def test_moved_store_finds_its_artifacts_beside_itself(synced: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    synced.rename(moved)
    client = open_store(moved).client
    [run] = client.search_runs([client.get_experiment_by_name("named").experiment_id])
    assert run.info.artifact_uri.startswith((moved / "mlflow/artifacts").as_uri())
    [folder] = client.list_artifacts(run.info.run_id)
    assert [file.path for file in client.list_artifacts(run.info.run_id, folder.path)] == ["notes/a.md"]
    assert sync(CONFIG, moved) == (1, [])


def test_artifacts_elsewhere_stay_there(synced: Path) -> None:
    from unsmear.tracking.store import relocate_artifacts

    with sqlite3.connect(synced / "mlflow/mlflow.db") as connection:
        connection.execute("update experiments set artifact_location = 's3://bucket/mlflow/artifacts/named'")
    relocate_artifacts(synced / "mlflow/mlflow.db")
    places = table(synced, "select distinct artifact_location from experiments")
    assert places == [("s3://bucket/mlflow/artifacts/named",)]


def test_two_synchronisations_at_once_send_each_record_once(synced: Path) -> None:
    for job in range(4):
        with open_run(synced / f"job{job}", f"job{job}", experiment="named") as run:
            for step in range(50):
                run.log_metrics({"step": step}, step)
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(sync(CONFIG, synced))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reports == [(5, [])] * 2
    assert sorted(table(synced, "select name from runs where name like 'job%'")) == [(f"job{n}",) for n in range(4)]
    assert table(synced, "select count(*) from metrics where key = 'step'") == [(200,)]
