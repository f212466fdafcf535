"""Delivery goes on after a failure at any place, and nothing arrives twice or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unsmear.tracking import TrackingConfig, open_tracker
from unsmear.tracking.delivery import send_journal
from unsmear.tracking.destination import resolve_destination


class RefusalError(Exception):
    error_code = "INVALID_PARAMETER_VALUE"


class FakeStore:
    """Keeps what a store keeps, under MLflow's rules; fails once at a chosen call, before or after its effect."""

    def __init__(self, root: Path, fail_at: int | None = None, after: bool = False) -> None:
        self.destination = resolve_destination(TrackingConfig(), root)
        self.fail_at, self.after, self.num_calls = fail_at, after, 0
        self.runs: dict[str, dict[str, Any]] = {}
        self.refused_name: str | None = None

    def _call(self, effect: Any) -> Any:
        failing = self.num_calls == self.fail_at
        self.num_calls += 1
        if failing and not self.after:
            raise ConnectionError("before")
        result = effect()
        if failing:
            raise ConnectionError("after")
        return result

    def ensure_run(self, header: dict[str, Any], parent_id: str | None) -> str:
        def effect() -> str:
            new = {
                "name": header["name"],
                "parent": parent_id,
                "metrics": [],
                "params": {},
                "tags": {},
                "others": set(),
            }
            self.runs.setdefault(header["key"], new | {"status": "RUNNING"})
            return header["key"]

        return self._call(effect)

    def find_run(self, run_id: str) -> Any:
        info = SimpleNamespace(lifecycle_stage="active")
        return self._call(lambda: SimpleNamespace(info=info) if run_id in self.runs else None)

    def send_batch(self, run_id: str, metrics: list, params: dict, tags: dict) -> None:
        def effect() -> None:
            if self.refused_name in {*params, *tags, *(metric[0] for metric in metrics)}:
                raise RefusalError("never")
            run = self.runs[run_id]
            run["metrics"] += [metric for metric in metrics if metric not in run["metrics"]]
            run["params"] |= params
            run["tags"] |= tags

        self._call(effect)

    def send_file(self, run_id: str, path: Path, folder: str) -> None:
        content = path.read_bytes()
        self._call(lambda: self.runs[run_id]["others"].add((f"{folder}/{path.name}", content)))

    def send_text(self, run_id: str, text: str, path: str) -> None:
        self._call(lambda: self.runs[run_id]["others"].add((path, text)))

    def send_dataset(self, run_id: str, record: dict[str, Any]) -> None:
        self._call(lambda: self.runs[run_id]["others"].add((record["name"], record["digest"])))

    def send_model(self, run_id: str, folder: Path, record: dict[str, Any]) -> None:
        self._call(lambda: self.runs[run_id]["others"].add((record["name"], record["token"])))

    def set_status(self, run_id: str, status: str, time: int | None = None) -> None:
        self._call(lambda: self.runs[run_id].update(status=status))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A run with records of every kind, whose job left its files and is over."""
    config = TrackingConfig(send="later", system_metrics=False)
    open_tracker(config, tmp_path, tmp_path / "sweep", "e", "sweep", resume_key="s").finish("RUNNING")
    picture, model = tmp_path / "p.png", tmp_path / "run/model"
    picture.write_bytes(b"png")
    model.mkdir(parents=True)
    (model / "requirements.txt").write_text("{}")
    with open_tracker(config, tmp_path, tmp_path / "run", "e", "run", {"a": 1}, parent=tmp_path / "sweep") as tracker:
        for step in range(1000):
            tracker.log_metrics({"x": step, "y": -step}, step)
            if step == 500:
                tracker.log_artifact(picture, "pictures")
                tracker.log_params({"b": 2})
        tracker.log_text("text", "t.txt")
        tracker.log_dataset("frames", "0123", "groups.csv")
        tracker.log_model(model, "m")
    picture.unlink()
    return tmp_path / "run"


def test_records_arrive_in_order_and_in_few_requests(directory: Path) -> None:
    store = FakeStore(directory.parent)
    key = send_journal(store, directory)  # type: ignore[arg-type]
    run = store.runs[key]
    assert [metric[0] + str(metric[1]) for metric in run["metrics"]] == [
        name for step in range(1000) for name in (f"x{float(step)}", f"y{float(-step)}")
    ]
    assert run["params"] == {"a": "1", "b": "2"} and run["status"] == "FINISHED"
    assert {name for name, _ in run["others"]} == {"pictures/p.png", "t.txt", "frames", "m"}
    assert store.runs[run["parent"]]["name"] == "sweep"
    assert store.num_calls < 20
    calls = store.num_calls
    send_journal(store, directory)  # type: ignore[arg-type]
    assert store.num_calls == calls + 1  # one look whether the run is still there
    assert not list((directory / ".tracking/files").iterdir())


@pytest.mark.parametrize("after", [False, True])
def test_failure_at_each_call(directory: Path, after: bool) -> None:
    whole = FakeStore(directory.parent)
    send_journal(whole, directory)  # type: ignore[arg-type]
    assert whole.num_calls > 8
    for fail_at in range(whole.num_calls):
        for folder in (directory, directory.parent / "sweep"):
            (folder / ".tracking/state.json").unlink(missing_ok=True)
        restore_copies(directory)
        store = FakeStore(directory.parent, fail_at, after)
        with pytest.raises(ConnectionError):
            send_journal(store, directory)  # type: ignore[arg-type]
        send_journal(store, directory)  # type: ignore[arg-type]
        assert store.runs == whole.runs


def restore_copies(directory: Path) -> None:
    for line in (directory / "tracking.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["kind"] == "artifact":
            (directory / record["copy"]).parent.mkdir(parents=True, exist_ok=True)
            (directory / record["copy"]).write_bytes(b"png")


def test_refused_value_costs_no_other(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = FakeStore(directory.parent)
    store.refused_name = "b"
    key = send_journal(store, directory)  # type: ignore[arg-type]
    assert store.runs[key]["params"] == {"a": "1"}
    assert len(store.runs[key]["metrics"]) == 2000
    assert json.loads((directory / ".tracking/state.json").read_text())["refused"] == 1
    assert "refuses" in capsys.readouterr().err


def test_lost_journal_end_is_sent_again(directory: Path) -> None:
    store = FakeStore(directory.parent)
    send_journal(store, directory)  # type: ignore[arg-type]
    content = (directory / "tracking.jsonl").read_bytes()
    shorter = content[: len(content) // 2]
    line = json.dumps({"kind": "metrics", "step": 5000, "time": 1, "values": {"x": 1.5}}).encode() + b"\n"
    (directory / "tracking.jsonl").write_bytes(shorter[: shorter.rfind(b"\n") + 1] + line)
    key = send_journal(store, directory)  # type: ignore[arg-type]
    assert ("x", 1.5, 1, 5000) in store.runs[key]["metrics"]


def test_changed_artifact_without_copy_is_left_out(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for copy in (directory / ".tracking/files").rglob("*.png"):
        copy.unlink()
    (directory.parent / "p.png").write_bytes(b"another picture")
    store = FakeStore(directory.parent)
    key = send_journal(store, directory)  # type: ignore[arg-type]
    assert "pictures/p.png" not in {name for name, _ in store.runs[key]["others"]}
    assert "has changed" in capsys.readouterr().err
