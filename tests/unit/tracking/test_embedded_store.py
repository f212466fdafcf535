"""The embedded store holds what a journal says, read back from its own tables."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from unsmear.tracking import TrackingConfig, open_tracker, sync_journals
from unsmear.tracking.sync import create_store

LATER = TrackingConfig(send="later", system_metrics=False, experiment="named")


def table(database: Path, query: str) -> list[tuple]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs: creating one takes seconds."""
    root = tmp_path_factory.mktemp("store")
    create_store(LATER, root)
    return root / "mlflow/mlflow.db"


@pytest.fixture
def synced(tmp_path: Path, new_store: Path) -> Path:
    (tmp_path / "mlflow").mkdir()
    shutil.copyfile(new_store, tmp_path / "mlflow/mlflow.db")
    with open_tracker(LATER, tmp_path, tmp_path / "run", "e", "m/center/final", {"lr": 0.1}, {"rule": "t"}) as tracker:
        tracker.log_params({"long": "x" * 10_000, "ähm, odd?": 1})
        tracker.log_metrics({"loss": 0.25, "nan": float("nan"), "inf": float("inf")}, 7)
        tracker.log_dataset("frames", "a" * 50, "results/groups.csv", num_groups=4)
        tracker.log_text("hello", "notes/a.md")
    assert sync_journals(tmp_path, LATER).complete
    return tmp_path


def test_everything_arrives(synced: Path) -> None:
    database = synced / "mlflow/mlflow.db"
    [(run_id, status, name)] = table(database, "select run_uuid, status, name from runs")
    assert (status, name) == ("FINISHED", "m/center/final")
    assert json.loads((synced / "run/tracking.json").read_text())["run_id"] == run_id
    assert set(table(database, "select key, step, value, is_nan from metrics")) == {
        ("loss", 7, 0.25, 0),
        ("nan", 7, 0.0, 1),
        ("inf", 7, 1.7976931348623157e308, 0),
    }
    params = dict(table(database, "select key, value from params"))
    assert params["lr"] == "0.1" and params["ähm_ odd_"] == "1" and len(params["long"]) == 6000
    tags = dict(table(database, "select key, value from tags"))
    assert tags["rule"] == "t" and tags["host"] and tags["mlflow.runName"] == "m/center/final"
    assert table(database, "select name, digest from datasets") == [("frames", "a" * 36)]
    assert table(database, "select value from input_tags") == [("training",)]
    [experiment] = table(database, "select name from experiments where experiment_id != 0")
    assert experiment == ("named",)
    [note] = (synced / "mlflow/artifacts").rglob("a.md")
    assert note.read_text() == "hello" and note.parent.parent.parent.name == run_id


def test_sending_again_changes_nothing(synced: Path) -> None:
    database = synced / "mlflow/mlflow.db"
    tables = ("runs", "metrics", "params", "tags", "datasets", "inputs", "input_tags", "latest_metrics")
    before = {name: sorted(table(database, f"select * from {name}"), key=str) for name in tables}
    (synced / "run/.tracking/state.json").unlink()
    assert sync_journals(synced, LATER).complete
    assert {name: sorted(table(database, f"select * from {name}"), key=str) for name in tables} == before


def test_doubles_of_a_run_are_deleted(synced: Path) -> None:
    """A request to create a run may arrive after its sender has given it up and sent another."""
    from unsmear.tracking.sync import open_store

    store = open_store(LATER, synced)
    [(run_id, experiment_id, key)] = table(
        synced / "mlflow/mlflow.db",
        "select runs.run_uuid, experiment_id, value from runs join tags using (run_uuid) where key = 'unsmear.key'",
    )
    store.client.create_run(str(experiment_id), tags={"unsmear.key": key})
    assert store.find_by_key(str(experiment_id), key) == run_id
    active = table(synced / "mlflow/mlflow.db", "select run_uuid from runs where lifecycle_stage = 'active'")
    assert active == [(run_id,)]


def test_deleted_experiment_is_taken_back(synced: Path) -> None:
    from unsmear.tracking.sync import open_store

    client = open_store(LATER, synced).client
    experiment = client.get_experiment_by_name("named")
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)
    with open_tracker(LATER, synced, synced / "second", "e", "second"):
        pass
    assert sync_journals(synced, LATER).complete
    assert client.get_experiment(experiment.experiment_id).lifecycle_stage == "active"


def test_old_database_is_migrated_with_a_copy_kept(synced: Path) -> None:
    from mlflow.store.db.utils import _get_latest_schema_revision

    database = synced / "mlflow/mlflow.db"
    [(wanted,)] = table(database, "select version_num from alembic_version")
    assert wanted == _get_latest_schema_revision()
    from unsmear.tracking import mlflow_database

    upgraded = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlflow_database, "_get_latest_schema_revision", lambda: "newer")
        patch.setattr(mlflow_database, "_upgrade", upgraded.append)
        mlflow_database.create_database(database)
    assert upgraded == [database]
    assert (synced / "mlflow/mlflow.db.before-newer").read_bytes() == database.read_bytes()


def test_moved_store_finds_its_artifacts_beside_itself(synced: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    from unsmear.tracking.sync import open_store

    moved = tmp_path_factory.mktemp("moved") / "results"
    synced.rename(moved)
    client = open_store(LATER, moved).client
    [run] = client.search_runs([client.get_experiment_by_name("named").experiment_id])
    assert run.info.artifact_uri.startswith((moved / "mlflow/artifacts").as_uri())
    [folder] = client.list_artifacts(run.info.run_id)
    assert [file.path for file in client.list_artifacts(run.info.run_id, folder.path)] == ["notes/a.md"]


def test_artifacts_elsewhere_stay_there(synced: Path) -> None:
    from unsmear.tracking.mlflow_database import relocate_artifacts

    database = synced / "mlflow/mlflow.db"
    with sqlite3.connect(database) as connection:
        connection.execute("update experiments set artifact_location = 's3://bucket/mlflow/artifacts/named'")
    relocate_artifacts(database)
    assert set(table(database, "select artifact_location from experiments")) == {
        ("s3://bucket/mlflow/artifacts/named",)
    }


def test_two_synchronisations_at_once_send_each_record_once(tmp_path: Path, new_store: Path) -> None:
    import threading

    (tmp_path / "mlflow").mkdir()
    shutil.copyfile(new_store, tmp_path / "mlflow/mlflow.db")
    for job in range(4):
        with open_tracker(LATER, tmp_path, tmp_path / f"job{job}", "e", f"job{job}") as tracker:
            for step in range(50):
                tracker.log_metrics({"loss": step}, step)
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(sync_journals(tmp_path, LATER))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(report.complete for report in reports) and sum(len(report.busy) for report in reports) < 8
    database = tmp_path / "mlflow/mlflow.db"
    assert sorted(table(database, "select name from runs")) == [(f"job{job}",) for job in range(4)]
    assert table(database, "select count(*) from metrics") == [(200,)]


def test_damaged_journal_keeps_no_other_from_arriving(synced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_tracker(LATER, synced, synced / "second", "e", "second"):
        pass
    (synced / "broken").mkdir()
    (synced / "broken/tracking.jsonl").write_text('{"kind":"metrics","step":1}\n')
    (synced / "died at once").mkdir()
    (synced / "died at once/tracking.jsonl").touch()
    report = sync_journals(synced, LATER)
    assert (report.num_runs, report.num_synced, report.pending) == (3, 2, [str(synced / "broken")])
    assert "broken/tracking.jsonl" in capsys.readouterr().err
    assert {name for (name,) in table(synced / "mlflow/mlflow.db", "select name from runs")} >= {"second"}
