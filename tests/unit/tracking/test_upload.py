"""Sending goes on after a failure at any place, and nothing arrives twice or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.journal import Value
from unsmear.tracking.run import open_run, tag_run
from unsmear.tracking.upload import Uploader


class RefusalError(Exception):
    error_code = "INVALID_PARAMETER_VALUE"


class FakeStore:
    """Keeps what a store keeps, under MLflow's rules; fails once at a chosen call, before or after its effect."""

    def __init__(self, fail_at: int | None = None, after: bool = False) -> None:
        self.fail_at, self.after, self.num_calls = fail_at, after, 0
        self.runs: dict[str, dict[str, Any]] = {}
        self.refused: str | None = None
        self.deleted: set[str] = set()

    def _call(self, effect: Any) -> Any:
        failing = self.num_calls == self.fail_at
        self.num_calls += 1
        if failing and not self.after:
            raise ConnectionError("before")
        result = effect()
        if failing:
            raise ConnectionError("after")
        return result

    def ping(self) -> None: ...

    def ensure_run(self, header: dict[str, Any], parent_id: str | None) -> str:
        new = {"name": header["name"], "parent": parent_id, "metrics": {}, "params": {}, "tags": {}, "others": set()}
        self._call(lambda: self.runs.setdefault(header["id"], new | {"status": "RUNNING"}))
        return header["id"]

    def find_run(self, run_id: str) -> Any:
        stage = "deleted" if run_id in self.deleted else "active"
        info = SimpleNamespace(lifecycle_stage=stage)
        return self._call(lambda: SimpleNamespace(info=info) if run_id in self.runs else None)

    def send_values(self, run_id: str, values: list[Value]) -> None:
        def effect() -> None:
            if self.refused in {value.name for value in values}:
                raise RefusalError("never")
            run = self.runs[run_id]
            for value in values:
                run[value.kind][value if value.kind == "metrics" else value.name] = value.value

        self._call(effect)

    def send_file(self, run_id: str, path: Path, folder: str) -> None:
        self._call(lambda: self.runs[run_id]["others"].add((f"{folder}/{path.name}", path.read_bytes())))

    def send_dataset(self, run_id: str, record: dict[str, Any]) -> None:
        self._call(lambda: self.runs[run_id]["others"].add((record["name"], record["digest"])))

    def set_status(self, run_id: str, status: str, time: int | None = None) -> None:
        self._call(lambda: self.runs[run_id].update(status=status))


def uploader(root: Path, store: FakeStore) -> Uploader:
    made = Uploader(TrackingConfig(), root)
    made.store = store  # type: ignore[assignment]
    # Neither the database nor its folder is asked for: the store is not the real one.
    (root / "mlflow/artifacts").mkdir(parents=True, exist_ok=True)
    (root / "mlflow/mlflow.db").touch()
    return made


def run_of(store: FakeStore, name: str = "run") -> dict[str, Any]:
    [run] = [run for run in store.runs.values() if run["name"] == name]
    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sweep and a run with records of every kind, whose job is over and left its files."""
    open_run(tmp_path / "sweep", "sweep", key="s").finish("RUNNING")
    picture = tmp_path / "p.png"
    picture.write_bytes(b"png")
    with open_run(tmp_path / "run", "run", params={"a": 1}, parent=tmp_path / "sweep") as run:
        for step in range(500):
            run.log_metrics({"x": step, "y": -step}, step)
            if step == 300:
                run.log_artifact(picture, "pictures")
                run.log_params({"b": 2})
        run.log_text("text", "t.txt")
        run.log_dataset("frames", "0123", "groups.csv")
    picture.unlink()
    return tmp_path


def test_records_arrive_in_order_and_in_few_requests(root: Path) -> None:
    store = FakeStore()
    assert uploader(root, store).send() == []
    run = run_of(store)
    assert [(metric.name, metric.value) for metric in run["metrics"]] == [
        pair for step in range(500) for pair in (("x", float(step)), ("y", float(-step)))
    ]
    assert run["params"] == {"a": "1", "b": "2"} and run["status"] == "FINISHED"
    assert {name for name, _ in run["others"]} == {"pictures/p.png", "/t.txt", "frames"}
    assert store.runs[run["parent"]] == run_of(store, "sweep") and run_of(store, "sweep")["status"] == "RUNNING"
    calls = store.num_calls
    assert calls < 25
    assert uploader(root, store).send() == [] and store.num_calls == calls
    tag_run(root / "run", {"winner": "true"})
    assert uploader(root, store).send() == [] and run["tags"]["winner"] == "true" and run["status"] == "FINISHED"
    assert store.num_calls <= calls + 3


@pytest.mark.parametrize("after", [False, True])
def test_failure_at_each_call(root: Path, after: bool) -> None:
    whole = FakeStore()
    uploader(root, whole).send()
    for fail_at in range(whole.num_calls):
        (root / "mlflow/sent.json").unlink()
        store = FakeStore(fail_at, after)
        with pytest.raises(ConnectionError):
            uploader(root, store).send()
        assert uploader(root, store).send() == []
        assert store.runs == whole.runs


def test_refused_value_costs_no_other(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = FakeStore()
    store.refused = "b"
    assert uploader(root, store).send() == []
    assert run_of(store)["params"] == {"a": "1"} and len(run_of(store)["metrics"]) == 1000
    assert "refuses" in capsys.readouterr().err


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize("ahead", ["values and files", "values"])
def test_lost_journal_end_is_sent_again(root: Path, verify: bool, ahead: str) -> None:
    store = FakeStore()
    uploader(root, store).send()
    if ahead == "values":
        note = json.loads((root / "mlflow/sent.json").read_text())
        for sent in note["runs"].values():
            sent["files"] = 0
        (root / "mlflow/sent.json").write_text(json.dumps(note))
    content = (root / "run/run.jsonl").read_bytes()
    shorter = content[: len(content) // 2]
    line = json.dumps({"kind": "metrics", "step": 5000, "time": 1, "values": {"x": 1.5}}).encode() + b"\n"
    (root / "run/run.jsonl").write_bytes(shorter[: shorter.rfind(b"\n") + 1] + line)
    assert uploader(root, store).send(verify=verify) == []
    assert Value("metrics", "x", 1.5, 1, 5000) in run_of(store)["metrics"]


@pytest.mark.parametrize("lost", ["store", "runs", "database", "artifacts"])
def test_store_that_was_lost_or_emptied_is_filled_again(root: Path, lost: str) -> None:
    first, store = FakeStore(), FakeStore()
    uploader(root, first).send()
    if lost == "store":
        shutil.rmtree(root / "mlflow")
    elif lost == "artifacts":
        (root / "mlflow/artifacts").rmdir()
    elif lost == "database":
        (root / "mlflow/mlflow.db").unlink()
    made = Uploader(TrackingConfig(), root)
    made.store = store  # type: ignore[assignment]
    assert made.send(is_over=True, verify=True) == []
    assert store.runs == first.runs


def test_run_that_somebody_deleted_stays_deleted(root: Path) -> None:
    store = FakeStore()
    uploader(root, store).send()
    [store.deleted] = [{run_id} for run_id, run in store.runs.items() if run["name"] == "run"]
    tag_run(root / "run", {"winner": "true"})
    assert uploader(root, store).send(verify=True) == []
    assert "winner" not in run_of(store)["tags"]


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "link"])
def test_no_other_file_is_sent(root: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "run/secret").write_text("mine")
    (root / "run/run.files/link").symlink_to(root / "run/secret")
    with (root / "run/run.jsonl").open("a") as stream:
        print(json.dumps({"kind": "artifact", "path": name}), file=stream)
    store = FakeStore()
    assert uploader(root, store).send() == []
    assert len(run_of(store)["others"]) == 3 and "left out" in capsys.readouterr().err


def test_dead_run_is_marked_when_the_jobs_are_over(root: Path) -> None:
    lines = (root / "run/run.jsonl").read_bytes().splitlines(keepends=True)
    (root / "run/run.jsonl").write_bytes(b"".join(lines[:-1]) + lines[-1][:10])
    store = FakeStore()
    assert uploader(root, store).send() == [] and run_of(store)["status"] == "RUNNING"
    assert uploader(root, store).send(is_over=True) == [] and run_of(store)["status"] == "KILLED"
    calls = store.num_calls
    assert uploader(root, store).send(is_over=True) == [] and store.num_calls == calls
    with open_run(root / "living", "living") as run:
        run.log_params({"a": 1})
        assert uploader(root, store).send(is_over=True) == []
        assert run_of(store, "living")["status"] == "RUNNING"


def test_journals_that_cannot_be_sent_keep_no_other_from_arriving(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "broken").mkdir()
    (root / "broken/run.jsonl").write_text('{"kind":"metrics","step":1}\n')
    shutil.copytree(root / "run", root / "run copied")
    store = FakeStore()
    made = uploader(root, store)
    assert made.send() == [] and made.send() == []
    assert len(store.runs) == 2 and made.broken == [root / "broken"]
    told = capsys.readouterr().err
    assert told.count("broken/run.jsonl") == 1 and told.count("is a copy of") == 1
