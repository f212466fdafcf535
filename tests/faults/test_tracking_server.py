"""A real server that dies, comes back, and sits behind a bad line: every record arrives once."""

from __future__ import annotations

import base64
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tracking_servers import (
    FaultProxy,
    Server,
    facts_of_journal,
    facts_of_store,
    rows_of_journal,
    rows_of_store,
    runs_of_store,
)

from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.tracking import TrackingConfig, open_tracker, retry, sync_journals
from unsmear.tracking.model import log_cascade_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server
    server.kill()


def config(uri: str, **changes: object) -> TrackingConfig:
    options = {"uri": uri, "timeout_s": 2, "interval_s": 0.2, "finish_wait_s": 60.0, "system_metrics": False}
    return TrackingConfig.model_validate(options | changes)


def wait_until(condition, seconds: float = 60.0) -> None:
    for _ in range(int(seconds * 10)):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def assert_arrived(database: Path, run_name: str, directory: Path) -> str:
    """The store holds one run of this name, with the journal's numbers and nothing else."""
    [(run_id, status)] = runs_of_store(database, run_name)
    assert rows_of_store(database, run_id) == rows_of_journal(directory / "tracking.jsonl")
    summary = json.loads((directory / "tracking.json").read_text())
    assert (summary["run_id"], summary["synced"], status) == (run_id, True, "FINISHED")
    return run_id


def test_server_killed_and_restarted_in_the_middle(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the process that logs waits for a server")

    directory = tmp_path / "models/a"
    with open_tracker(config(server.uri), tmp_path, directory, "faults", "killed server", {"lr": 1e-4}) as tracker:
        for step in range(900):
            if step == 300:
                wait_until(lambda: tracker.run_id is not None)
                server.kill()
            if step == 600:
                # Long enough for the sender to notice, so that there is something to warn of.
                time.sleep(3)
                server.start()
            with monkeypatch.context() as guard:
                guard.setattr(socket.socket, "connect", refuse)
                guard.setattr(socket.socket, "sendall", refuse)
                tracker.log_metrics({"loss": 1 / (step + 1), "odd": math.nan if step % 2 else math.inf}, step)
            time.sleep(0.002)
    assert_arrived(server.database, "killed server", directory)
    warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("unsmear tracking")]
    assert len(warnings) == 1 and "not available" in warnings[0]


def test_server_down_all_the_time_then_synchronised(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "models/b"
    picture = tmp_path / "sample.png"
    picture.write_bytes(b"not really a picture")
    server.kill()
    with open_tracker(
        config(server.uri, finish_wait_s=2.0), tmp_path, directory, "faults", "down", {"lr": 2}
    ) as tracker:
        for step in range(50):
            tracker.log_metrics({"loss": float(step)}, step)
        tracker.log_artifact(picture, "pictures")
    picture.unlink()
    summary = json.loads((directory / "tracking.json").read_text())
    assert (summary["synced"], summary["run_id"]) == (False, None)
    assert "sync_tracking" in capfd.readouterr().err

    report = sync_journals(tmp_path, config(server.uri), attempts=1)
    assert not report.complete and report.pending == [str(directory)]
    server.start()
    assert sync_journals(tmp_path, config(server.uri)).complete
    run_id = assert_arrived(server.database, "down", directory)
    copies = list((server.folder / "artifacts").rglob(f"{run_id}/artifacts/pictures/sample.png"))
    assert [copy.read_bytes() for copy in copies] == [b"not really a picture"]


@pytest.mark.parametrize("seed", [1, 2])
def test_bad_line(tmp_path: Path, server: Server, seed: int) -> None:
    proxy = FaultProxy(server.port, seed, fault_rate=0.5, delay_s=2.5)
    directory, name = tmp_path / "models/c", f"bad line {seed}"
    through_proxy = config(proxy.uri, finish_wait_s=20.0)
    picture = tmp_path / "sample.png"
    picture.write_bytes(b"not really a picture")
    with open_tracker(through_proxy, tmp_path, directory, "faults", name, {"seed": seed}) as tracker:
        for step in range(400):
            tracker.log_metrics({"loss": 1 / (step + 1), "value": step * math.pi}, step)
            if step % 50 == 0:
                tracker.log_text(f"step {step}", f"notes/{step}.txt")
                tracker.set_tags({"reached": step})
            time.sleep(0.02)
        tracker.log_artifact(picture, "pictures")
        tracker.log_dataset("frames", "a" * 32, "results/frames")
    # What the job had no time for comes later, through the same bad line.
    assert any(sync_journals(tmp_path, through_proxy).complete for _ in range(60))
    proxy.close()
    assert sum(proxy.counts[fault] for fault in FaultProxy.FAULTS) >= 5, proxy.counts
    run_id = assert_arrived(server.database, name, directory)
    found = facts_of_store(server.database, server.folder / "artifacts", run_id)
    assert found == facts_of_journal(directory / "tracking.jsonl")
    assert len(found["files"]) == 9 and found["tags"]["reached"] == "350"


def test_model_arrives_once_over_a_bad_line(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a model's many files each one that has arrived is not sent again, whatever became of the others."""
    import mlflow

    weights = tmp_path / "center/final/weights.safetensors"
    weights.parent.mkdir(parents=True)
    torch.manual_seed(0)
    save_stage(weights, Checkpoint(Stage(StageSpec(name="center", predicts=(1,))), 1))
    monkeypatch.setattr(retry, "pause_s", lambda *_: 0.05)
    proxy = FaultProxy(server.port, seed=3, fault_rate=0.2, delay_s=0.5)
    directory, through_proxy = tmp_path / "evaluation/masked", config(proxy.uri, finish_wait_s=0.0)
    picture = np.zeros((1, 16, 16, 3), np.uint8)
    with open_tracker(through_proxy, tmp_path, directory, "faults", "model over a bad line") as tracker:
        log_cascade_model(tracker, [weights], "bad-line", directory / ".tracking/model", picture, "# a card")
    assert any(sync_journals(tmp_path, through_proxy).complete for _ in range(20))
    proxy.close()
    assert sum(proxy.counts[fault] for fault in FaultProxy.FAULTS) >= 5, proxy.counts

    run_id = assert_arrived(server.database, "model over a bad line", directory)
    [version] = mlflow.MlflowClient(server.uri).search_model_versions("name = 'unsmear-bad-line'")
    assert (version.run_id, version.version) == (run_id, "1")
    [folder] = (server.folder / "artifacts").rglob(f"{version.source.removeprefix('models:/')}/artifacts")
    prepared = directory / ".tracking/model"
    assert not (prepared / "built").exists()
    for path in (prepared / "code").rglob("*.py"):
        assert (folder / path.relative_to(prepared)).read_bytes() == path.read_bytes()
    [data] = folder.rglob("*center.safetensors")
    assert data.read_bytes() == weights.read_bytes()
    found = facts_of_store(server.database, server.folder / "artifacts", run_id)
    assert found == facts_of_journal(directory / "tracking.jsonl")


@pytest.mark.parametrize("how", ["basic", "uri", "token"])
def test_credentials(
    tmp_path: Path, server: Server, how: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "pa/ss@w:rd-8731"
    proxy = FaultProxy(server.port, 0, fault_rate=0.0, delay_s=0.0)
    proxy.required_header = "Basic " + base64.b64encode(f"ada:{secret}".encode()).decode()
    uri = proxy.uri
    if how == "basic":
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", secret)
    elif how == "uri":
        monkeypatch.setenv("OUR_SECRET", secret)
        uri = uri.replace("//", "//ada:${OUR_SECRET}@")
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", secret)
        proxy.required_header = f"Bearer {secret}"
    directory, name = tmp_path / "models/d", f"credentials {how}"
    params = {"note": f"password {secret}", "uri": f"postgresql://ada:{secret}@host/db"}
    with open_tracker(config(uri), tmp_path, directory, "faults", name, params) as tracker:
        tracker.log_metrics({"loss": 1.0}, 0)
        tracker.log_text(f"login {secret}", "login.txt")
    proxy.close()
    assert_arrived(server.database, name, directory)
    # Where could it have gone? Everything on disk, and the log.
    for path in (*tmp_path.rglob("*"), *server.folder.rglob("*")):
        assert not (path.is_file() and secret.encode() in path.read_bytes()), path
    assert secret not in "".join(capfd.readouterr())


def test_wrong_credentials_are_named_once_without_showing_them(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    proxy = FaultProxy(server.port, 0, fault_rate=0.0, delay_s=0.0)
    proxy.required_header = "Bearer something else"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-wrong-token-55")
    directory = tmp_path / "models/e"
    with open_tracker(config(proxy.uri, finish_wait_s=5.0), tmp_path, directory, "faults", "refused") as tracker:
        tracker.log_metrics({"loss": 1.0}, 0)
    proxy.close()
    shown = capfd.readouterr().err
    assert shown.count("not available") == 1 and "401" in shown and "a-wrong-token-55" not in shown
    assert json.loads((directory / "tracking.json").read_text())["synced"] is False


def test_eight_jobs_into_one_server(tmp_path: Path, server: Server) -> None:
    program = (
        "import sys; from pathlib import Path; from unsmear.tracking import TrackingConfig, open_tracker\n"
        "root, job, uri = Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "config = TrackingConfig(uri=uri, send='end', finish_wait_s=300, system_metrics=False)\n"
        "with open_tracker(config, root, root / job, 'eight', 'job ' + job, {'job': job}) as tracker:\n"
        "    for step in range(300): tracker.log_metrics({'loss': step + 0.5, 'other': -step}, step)\n"
    )
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(job), server.uri],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        for job in range(8)
    ]
    assert [job.wait() for job in jobs] == [0] * 8
    for job in range(8):
        assert_arrived(server.database, f"job {job}", tmp_path / str(job))
