"""One process follows the journals of a workflow, and says what is wrong in a way that helps."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import Follower, explain
from unsmear.tracking.run import open_run
from unsmear.tracking.ui import open_ui


@pytest.mark.parametrize(("options", "num_started"), [({"enabled": False}, 0), ({"send": "later"}, 0), ({}, 1)])
def test_nothing_to_send_costs_no_import_of_mlflow(
    tmp_path: Path, options: dict, num_started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow/__init__.py").write_text("raise SystemExit('mlflow was imported')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    started, begin = [], subprocess.Popen

    def start(*arguments, **settings):
        started.append(begin(*arguments, **settings))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    follower = Follower(TrackingConfig(**options), tmp_path / "results")
    follower.start()
    follower.finish()
    assert [process.returncode for process in started] == [0] * num_started
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow"]


def test_other_host_name_is_explained() -> None:
    body = "Response body: 'Invalid Host header - possible DNS rebinding attack detected'"
    assert "--allowed-hosts" in explain(RuntimeError(f"API request failed with error code 403 != 200. {body}"))
    assert "ConnectionError: no route" in explain(ConnectionError("no route\nmore"))


def test_ui_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run is recorded"):
        open_ui(tmp_path)
    open_run(tmp_path / "run", "run").finish()
    with pytest.raises(ValueError, match="sync_tracking"):
        open_ui(tmp_path)
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow/mlflow.db").touch()
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(ValueError, match="PORT="):
        open_ui(tmp_path, other.getsockname()[1])
