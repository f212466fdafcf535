"""Jobs that record into the embedded store at once, die, or find it gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tracking_servers import rows_of_journal, rows_of_store, runs_of_store

from unsmear.tracking import TrackingConfig, open_tracker, sync_journals

pytestmark = pytest.mark.slow

JOB = """
import sys, time
from pathlib import Path
from unsmear.tracking import TrackingConfig, open_tracker
root, name, num_steps, pause_s, send = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
config = TrackingConfig(send=send, interval_s=0.1, finish_wait_s=60, system_metrics=False)
parent = root / "parent" if (root / "parent").exists() else None
place = root, root / name, "embedded", name
with open_tracker(config, *place, {"name": name}, parent=parent, resume_key="k") as tracker:
    for step in range(num_steps):
        tracker.log_metrics({"loss": 1 / (step + 1), "step": step}, step)
        time.sleep(pause_s)
"""


def start_job(
    root: Path, name: str, num_steps: int, pause_s: float, send: str = "background"
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", JOB, str(root), name, str(num_steps), str(pause_s), send]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)


def check(root: Path, name: str, status: str = "FINISHED") -> str:
    database = root / "mlflow/mlflow.db"
    [(run_id, found)] = runs_of_store(database, name)
    assert found == status
    assert rows_of_store(database, run_id) == rows_of_journal(root / name / "tracking.jsonl")
    return run_id


def test_eight_jobs_at_once_into_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    sweep = TrackingConfig(send="later", system_metrics=False)
    open_tracker(sweep, tmp_path, tmp_path / "parent", "embedded", "parent", {"a": 1}).finish("RUNNING")
    jobs = [start_job(tmp_path, f"job{job}", num_steps=200, pause_s=0.005) for job in range(8)]
    errors = [job.communicate()[1].decode() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 8
    assert errors == [""] * 8  # nobody met "database is locked"
    run_ids = {check(tmp_path, f"job{job}") for job in range(8)}
    assert len(run_ids) == 8

    # All are children of one and the same parent, which the first of them created.
    [(parent_id, status)] = runs_of_store(tmp_path / "mlflow/mlflow.db", "parent")
    assert status == "RUNNING"
    import sqlite3

    with sqlite3.connect(tmp_path / "mlflow/mlflow.db") as connection:
        tags = connection.execute("select run_uuid, value from tags where key = 'mlflow.parentRunId'").fetchall()
    assert dict(tags) == dict.fromkeys(run_ids, parent_id)


def test_killed_job_takes_its_sender_along_and_continues_its_run(tmp_path: Path) -> None:
    job = start_job(tmp_path, "job", num_steps=100_000, pause_s=0.01)
    state = tmp_path / "job/.tracking/state.json"
    for _ in range(600):
        if state.exists() and json.loads(state.read_text())["position"] > 2000:
            break
        time.sleep(0.1)
    senders = psutil.Process(job.pid).children()
    assert len(senders) == 1
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert psutil.wait_procs(senders, timeout=30)[1] == []

    journal = tmp_path / "job/tracking.jsonl"
    with journal.open("ab") as stream:
        stream.write(b'{"kind":"metrics","step":7777,"ti')  # what a power cut leaves
    recorded = max(
        record["step"] for record in map(json.loads, journal.read_bytes().splitlines()[:-1]) if "step" in record
    )
    assert sync_journals(tmp_path, TrackingConfig()).complete
    [(run_id, status)] = runs_of_store(tmp_path / "mlflow/mlflow.db", "job")
    assert status == "KILLED"

    # The restarted job goes over steps again that were recorded before it died.
    config = TrackingConfig(system_metrics=False)
    directory = tmp_path / "job"
    with open_tracker(config, tmp_path, directory, "embedded", "job", {"name": "job"}, resume_key="k") as tracker:
        for step in range(recorded - 5, recorded + 20):
            tracker.log_metrics({"loss": 1 / (step + 1), "step": step}, step)
    assert check(tmp_path, "job") == run_id
    rows = rows_of_journal(journal)
    steps = [step for name, step, _, _ in rows if name == "loss"]
    assert sorted(steps) == list(range(recorded + 20))

    # With other settings it is another run; the first one stays.
    with open_tracker(config, tmp_path, directory, "embedded", "job", {"name": "other"}, resume_key="other"):
        pass
    assert {status for _, status in runs_of_store(tmp_path / "mlflow/mlflow.db", "job")} == {"FINISHED"}
    assert len(runs_of_store(tmp_path / "mlflow/mlflow.db", "job")) == 2


@pytest.mark.parametrize("lost", ["store", "state"])
def test_what_is_lost_is_sent_again(tmp_path: Path, lost: str) -> None:
    job = start_job(tmp_path, "job", num_steps=300, pause_s=0.0, send="end")
    assert (job.communicate()[1], job.returncode) == (b"", 0)
    first = check(tmp_path, "job")
    if lost == "store":
        shutil.rmtree(tmp_path / "mlflow")
    else:
        (tmp_path / "job/.tracking/state.json").unlink()
    assert sync_journals(tmp_path, TrackingConfig()).complete
    second = check(tmp_path, "job")
    assert (first == second) == (lost == "state")


def test_run_deleted_by_a_person_stays_deleted(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    job = start_job(tmp_path, "job", num_steps=10, pause_s=0.0, send="end")
    assert job.wait() == 0
    run_id = check(tmp_path, "job")
    MlflowClient(f"sqlite:///{tmp_path / 'mlflow/mlflow.db'}").delete_run(run_id)
    assert sync_journals(tmp_path, TrackingConfig()).complete
    assert runs_of_store(tmp_path / "mlflow/mlflow.db", "job") == []


def test_job_on_a_cluster_writes_its_journal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    with open_tracker(TrackingConfig(system_metrics=False), tmp_path, tmp_path / "job", "embedded", "job") as tracker:
        tracker.log_metrics({"loss": 0.5}, 0)
    assert not (tmp_path / "mlflow").exists()
    assert json.loads((tmp_path / "job/tracking.json").read_text())["synced"] is False
    before = (tmp_path / "job/tracking.json").stat().st_mtime_ns
    assert sync_journals(tmp_path, TrackingConfig()).num_synced == 1
    check(tmp_path, "job")
    summary = tmp_path / "job/tracking.json"
    assert (json.loads(summary.read_text())["synced"], summary.stat().st_mtime_ns) == (True, before)
