"""A real server that dies, comes back, and sits behind a bad line: every record arrives once."""

from __future__ import annotations

import base64
import math
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tracking_servers import (
    HOST,
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
from unsmear.tracking import follow
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import Follower, sync
from unsmear.tracking.model import log_cascade_model
from unsmear.tracking.run import open_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "pause_s", lambda *_, **__: 0.05)


def config(uri: str, **changes: object) -> TrackingConfig:
    options = {"uri": uri, "timeout_s": 2, "interval_s": 0.2, "finish_wait_s": 60.0}
    return TrackingConfig.model_validate(options | changes)


def wait_until(condition, seconds: float = 120.0) -> None:
    for _ in range(int(seconds * 10)):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def assert_arrived(database: Path, run_name: str, directory: Path, status: str = "FINISHED") -> str:
    """The store holds one run of this name, with the journal's numbers and nothing else."""
    [(run_id, found)] = runs_of_store(database, run_name)
    assert rows_of_store(database, run_id) == rows_of_journal(directory / "run.jsonl")
    assert found == status
    return run_id


def test_server_killed_and_restarted_in_the_middle(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the process that logs waits for a server")

    follower = Follower(config(server.uri), tmp_path)
    follower.start()
    with open_run(tmp_path / "models/a", "killed server", params={"lr": 1e-4}) as run:
        for step in range(900):
            if step == 300:
                wait_until(lambda: runs_of_store(server.database, "killed server"))
                server.kill()
            if step == 600:
                # Long enough for the follower to notice, so that there is something to warn of.
                time.sleep(3)
                server.start()
            with monkeypatch.context() as guard:
                guard.setattr(socket.socket, "connect", refuse)
                guard.setattr(socket.socket, "sendall", refuse)
                run.log_metrics({"loss": 1 / (step + 1), "odd": math.nan if step % 2 else math.inf}, step)
            time.sleep(0.002)
    follower.finish()
    assert_arrived(server.database, "killed server", tmp_path / "models/a")
    warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("unsmear tracking")]
    assert len(warnings) == 1 and "not available" in warnings[0]


def test_server_down_all_the_time_then_synchronised(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    directory, picture = tmp_path / "models/b", tmp_path / "sample.png"
    picture.write_bytes(b"not really a picture")
    server.kill()
    follower = Follower(config(server.uri, finish_wait_s=2.0), tmp_path)
    follower.start()
    with open_run(directory, "down", params={"lr": 2}) as run:
        for step in range(50):
            run.log_metrics({"loss": float(step)}, step)
        run.log_artifact(picture, "pictures")
    picture.unlink()
    follower.finish()
    assert "sync_tracking" in capfd.readouterr().err
    assert sync(config(server.uri), tmp_path, attempts=1) == (1, [directory])
    server.start()
    assert sync(config(server.uri), tmp_path) == (1, [])
    run_id = assert_arrived(server.database, "down", directory)
    copies = list((server.folder / "artifacts").rglob(f"{run_id}/artifacts/pictures/sample.png"))
    assert [copy.read_bytes() for copy in copies] == [b"not really a picture"]


@pytest.mark.parametrize("seed", [1, 2])
def test_bad_line(tmp_path: Path, server: Server, seed: int) -> None:
    proxy = FaultProxy(server.port, seed, fault_rate=0.5, delay_s=1.3)
    directory, name = tmp_path / "models/c", f"bad line {seed}"
    follower = Follower(config(proxy.uri, finish_wait_s=10.0, timeout_s=1), tmp_path)
    follower.start()
    with open_run(directory, name, params={"seed": seed}) as run:
        for step in range(400):
            run.log_metrics({"loss": 1 / (step + 1), "value": step * math.pi}, step)
            if step % 50 == 0:
                run.log_text(f"step {step}", f"notes/{step}.txt")
                run.set_tags({"reached": step})
            time.sleep(0.02)
        run.log_dataset("frames", "a" * 32, "results/frames")
    follower.finish()
    # What the follower had no time for comes later, through the same bad line.
    assert any(sync(config(proxy.uri, timeout_s=1), tmp_path) == (1, []) for _ in range(60))
    proxy.close()
    assert sum(proxy.counts[fault] for fault in FaultProxy.FAULTS) >= 5, proxy.counts
    run_id = assert_arrived(server.database, name, directory)
    found = facts_of_store(server.database, server.folder / "artifacts", run_id)
    assert found == facts_of_journal(directory)
    assert len(found["files"]) == 8 and found["tags"]["reached"] == "350"


def test_model_arrives_once_over_a_bad_line(tmp_path: Path, server: Server) -> None:
    """Of a model's many files each one that has arrived is not sent again, whatever became of the others."""
    import mlflow

    weights = tmp_path / "center/final/weights.safetensors"
    weights.parent.mkdir(parents=True)
    torch.manual_seed(0)
    save_stage(weights, Checkpoint(Stage(StageSpec(name="center", predicts=(1,))), 1))
    proxy = FaultProxy(server.port, seed=3, fault_rate=0.2, delay_s=0.5)
    directory = tmp_path / "evaluation/masked"
    with open_run(directory, "model over a bad line") as run:
        log_cascade_model(run, {"center": weights}, "bad-line", np.zeros((1, 16, 16, 3), np.uint8), "# a card")
    assert any(sync(config(proxy.uri), tmp_path) == (1, []) for _ in range(20))
    proxy.close()
    assert sum(proxy.counts[fault] for fault in FaultProxy.FAULTS) >= 5, proxy.counts

    run_id = assert_arrived(server.database, "model over a bad line", directory)
    [version] = mlflow.MlflowClient(server.uri).search_model_versions("name = 'unsmear-bad-line'")
    assert (version.run_id, version.version) == (run_id, "1")
    [folder] = (server.folder / "artifacts").rglob(f"{version.source.removeprefix('models:/')}/artifacts")
    prepared = directory / "run.files/model"
    assert not (prepared / "built").exists()
    for path in (prepared / "code").rglob("*.py"):
        assert (folder / path.relative_to(prepared)).read_bytes() == path.read_bytes()
    [data] = folder.rglob("*center.safetensors")
    assert data.read_bytes() == weights.read_bytes()
    found = facts_of_store(server.database, server.folder / "artifacts", run_id)
    assert found == facts_of_journal(directory)


@pytest.mark.parametrize("how", ["basic", "uri", "token"])
def test_credentials(
    tmp_path: Path, server: Server, how: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "pa/ss@w:rd-8731"
    proxy = FaultProxy(server.port, 0, fault_rate=0.0, delay_s=0.0)
    proxy.required_header = "Basic " + base64.b64encode(f"ada:{secret}".encode()).decode()
    uri = proxy.uri
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, "")  # what the store sets for itself goes with the test
        monkeypatch.delenv(name)
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
    settings = config(uri)
    settings.resolve(tmp_path)  # as the workflow does before any job starts
    with open_run(directory, name, params=params) as run:
        run.log_metrics({"loss": 1.0}, 0)
        run.log_text(f"login {secret}", "login.txt")
    assert sync(settings, tmp_path) == (1, [])
    proxy.close()
    assert_arrived(server.database, name, directory)
    # Where could it have gone? Everything on disk, and the log.
    for path in (*tmp_path.rglob("*"), *server.folder.rglob("*")):
        assert not (path.is_file() and secret.encode() in path.read_bytes()), path
    assert secret not in "".join(capfd.readouterr())


def test_wrong_credentials_are_named_without_showing_them(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    proxy = FaultProxy(server.port, 0, fault_rate=0.0, delay_s=0.0)
    proxy.required_header = "Bearer something else"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-wrong-token-55")
    open_run(tmp_path / "models/e", "refused").finish()
    assert sync(config(proxy.uri), tmp_path) == (1, [tmp_path / "models/e"])
    proxy.close()
    shown = capfd.readouterr().err
    assert shown.count("not available") == 1 and "401" in shown and "a-wrong-token-55" not in shown


def test_clients_that_come_by_the_servers_host_name(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    proxy = FaultProxy(server.port, 0, fault_rate=0.0, delay_s=0.0)
    open_run(tmp_path / "run", "by another name").finish()
    proxy.host = "not-allowed.example.org"
    assert sync(config(proxy.uri), tmp_path, attempts=1) == (1, [tmp_path / "run"])
    told = capfd.readouterr().err
    assert "403" in told and "--allowed-hosts" in told
    proxy.host = HOST
    assert sync(config(proxy.uri), tmp_path) == (1, [])
    proxy.close()
    assert_arrived(server.database, "by another name", tmp_path / "run")


def test_emptied_server_is_filled_again(tmp_path: Path, server: Server) -> None:
    with open_run(tmp_path / "run", "filled twice", params={"lr": 1}) as run:
        run.log_metrics({"loss": 0.5}, 0)
    assert sync(config(server.uri), tmp_path) == (1, [])
    first = assert_arrived(server.database, "filled twice", tmp_path / "run")
    server.kill()
    server.database.unlink()
    server.start()
    assert sync(config(server.uri), tmp_path) == (1, [])
    assert assert_arrived(server.database, "filled twice", tmp_path / "run") != first
