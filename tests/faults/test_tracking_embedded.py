"""Jobs that record into the embedded store at once, die, or find it gone; and an uploader that dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tracking_servers import rows_of_journal, rows_of_store, runs_of_store

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import Follower, sync
from unsmear.tracking.run import open_run

pytestmark = pytest.mark.slow
CONFIG = TrackingConfig(interval_s=0.1, finish_wait_s=60)

JOB = """
import sys, time
from pathlib import Path
from unsmear.tracking.run import open_run
root, name, num_steps, pause_s = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
parent = root / "parent" if (root / "parent").exists() else None
with open_run(root / name, name, key="k", params={"name": name}, parent=parent) as run:
    for step in range(num_steps):
        run.log_metrics({"loss": 1 / (step + 1), "step": step}, step)
        time.sleep(pause_s)
"""


def start_job(root: Path, name: str, num_steps: int, pause_s: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", JOB, str(root), name, str(num_steps), str(pause_s)]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)


def check(root: Path, name: str, status: str = "FINISHED") -> str:
    [(run_id, found)] = runs_of_store(root / "mlflow/mlflow.db", name)
    assert found == status
    assert rows_of_store(root / "mlflow/mlflow.db", run_id) == rows_of_journal(root / name / "run.jsonl")
    return run_id


def wait_for(condition) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def test_jobs_at_once_into_a_store_that_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")  # a cluster's jobs do the same, over the shared file system
    open_run(tmp_path / "parent", "parent", params={"a": 1}).finish("RUNNING")
    follower = Follower(CONFIG, tmp_path)
    follower.start()
    jobs = [start_job(tmp_path, f"job{job}", num_steps=200, pause_s=0.005) for job in range(8)]
    assert [(job.communicate()[1], job.returncode) for job in jobs] == [(b"", 0)] * 8
    follower.finish()
    assert capfd.readouterr().err == ""
    run_ids = {check(tmp_path, f"job{job}") for job in range(8)}
    [(parent_id, status)] = runs_of_store(tmp_path / "mlflow/mlflow.db", "parent")
    assert status == "RUNNING"
    with sqlite3.connect(tmp_path / "mlflow/mlflow.db") as connection:
        tags = connection.execute("select run_uuid, value from tags where key = 'mlflow.parentRunId'").fetchall()
    assert dict(tags) == dict.fromkeys(run_ids, parent_id)


def test_killed_job_and_killed_uploader(tmp_path: Path) -> None:
    follower = Follower(CONFIG, tmp_path)
    follower.start()
    job = start_job(tmp_path, "job", num_steps=100_000, pause_s=0.01)
    database, note = tmp_path / "mlflow/mlflow.db", tmp_path / "mlflow/sent.json"
    wait_for(lambda: note.exists() and json.loads(note.read_text())["runs"])
    assert follower._process is not None
    follower._process.kill()
    follower._process.wait()
    job.send_signal(signal.SIGKILL)
    job.wait()

    journal = tmp_path / "job/run.jsonl"
    with journal.open("ab") as stream:
        stream.write(b'{"kind":"metrics","step":7777,"ti')  # what a power cut leaves
    whole = map(json.loads, journal.read_bytes().splitlines()[:-1])
    recorded = max(record["step"] for record in whole if "step" in record)
    assert sync(CONFIG, tmp_path) == (1, [])
    [(run_id, status)] = runs_of_store(database, "job")
    assert status == "KILLED"

    # The restarted job goes over steps again that were recorded before it died.
    with open_run(tmp_path / "job", "job", key="k", params={"name": "job"}) as run:
        for step in range(recorded - 5, recorded + 20):
            run.log_metrics({"loss": 1 / (step + 1), "step": step}, step)
    follower.finish()  # starts another process
    lines = [line for line in journal.read_bytes().splitlines() if not line.endswith(b'"ti')]
    journal.write_bytes(b"\n".join([*lines, b""]))
    assert check(tmp_path, "job") == run_id
    steps = [step for name, step, _, _ in rows_of_journal(journal) if name == "loss"]
    assert sorted(steps) == list(range(recorded + 20))

    # With other settings it is another run; the first one stays.
    earlier = json.loads(journal.read_bytes().splitlines()[0])["id"]
    open_run(tmp_path / "job", "job", key="other", params={"name": "other"}).finish()
    assert sync(CONFIG, tmp_path) == (2, [])
    assert [status for _, status in runs_of_store(database, "job")] == ["FINISHED"] * 2

    # What is lost is sent again.
    shutil.rmtree(tmp_path / "mlflow")
    # A process of its own: the one that had the old file open cannot write a new one.
    command = [sys.executable, "-m", "unsmear.tracking.follow", str(tmp_path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    found = [name for name, _ in runs_of_store(database, "job")]
    assert len(found) == 2 and run_id not in found
    first = rows_of_journal(journal.parent / "earlier_runs" / earlier / "run.jsonl")
    assert first in [rows_of_store(database, name) for name in found]


def test_curves_appear_while_the_job_runs(tmp_path: Path) -> None:
    follower = Follower(TrackingConfig(), tmp_path)
    follower.start()
    with open_run(tmp_path / "job", "job") as run:
        run.log_metrics({"loss": 0.5}, 0)
        database = tmp_path / "mlflow/mlflow.db"
        wait_for(lambda: database.exists() and runs_of_store(database, "job"))
        [(run_id, status)] = runs_of_store(database, "job")
        run.log_metrics({"loss": 0.25}, 1)
        wait_for(lambda: rows_of_store(database, run_id) == rows_of_journal(tmp_path / "job/run.jsonl"))
    assert status == "RUNNING"
    follower.finish()
    check(tmp_path, "job")
