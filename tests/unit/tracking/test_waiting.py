"""The end of a workflow sends what cluster jobs have left, and what must be there to open the UI."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from unsmear.tracking import TrackingConfig, open_tracker
from unsmear.tracking.ui import open_ui
from unsmear.tracking.waiting import send_waiting


@pytest.mark.slow
def test_records_of_cluster_jobs_are_sent_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrackingConfig(system_metrics=False)
    for job in ("4711", "4712"):
        monkeypatch.setenv("SLURM_JOB_ID", job)
        with open_tracker(config, tmp_path, tmp_path / job, "e", job):
            pass
    assert not (tmp_path / "mlflow").exists()
    send_waiting(config, tmp_path)
    for job in ("4711", "4712"):
        assert json.loads((tmp_path / job / "tracking.json").read_text())["synced"] is True
    database = tmp_path / "mlflow/mlflow.db"
    before = database.stat().st_mtime_ns
    send_waiting(config, tmp_path)  # nothing waits any more
    assert database.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "options",
    [{"enabled": False}, {"send": "later"}, {"uri": "http://127.0.0.1:9"}, {"uri": "https://${NOT_SET_HERE}"}],
)
def test_other_stores_are_not_waited_for(tmp_path: Path, options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_tracker(TrackingConfig(send="later", system_metrics=False), tmp_path, tmp_path / "run", "e", "run"):
        pass
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("a process was started"))
    send_waiting(options, tmp_path)


def test_ui_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run is recorded"):
        open_ui(tmp_path)
    with open_tracker(TrackingConfig(send="later", system_metrics=False), tmp_path, tmp_path / "run", "e", "run"):
        pass
    with pytest.raises(ValueError, match="sync_tracking"):
        open_ui(tmp_path)
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow/mlflow.db").touch()
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(ValueError, match="PORT="):
        open_ui(tmp_path, other.getsockname()[1])
