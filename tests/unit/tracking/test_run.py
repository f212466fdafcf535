"""What a job says stands in its journal, whatever becomes of it later."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from unsmear.tracking.journal import read_past
from unsmear.tracking.run import open_run, tag_run


def records(directory: Path, *kinds: str) -> list[dict]:
    lines = map(json.loads, (directory / "run.jsonl").read_text().splitlines())
    return [record for record in lines if record["kind"] in kinds]


@pytest.mark.parametrize("enabled", [True, False])
def test_recording_imports_no_mlflow_into_the_job(tmp_path: Path, enabled: bool) -> None:
    program = (
        "import sys; from unsmear.tracking.run import open_run; from unsmear.tracking.follow import Follower, sync\n"
        "from unsmear.tracking.config import TrackingConfig\n"
        "off = TrackingConfig(enabled=False)\n"
        "with open_run(sys.argv[1] + '/a', 'n', enabled=bool(int(sys.argv[2])), params={'a': 1}) as run:\n"
        "    run.log_metrics({'x': 1}, 0); run.log_text('t', 'p');\n"
        "assert sync(off, sys.argv[1]) == (0, [])\n"
        "follower = Follower(off, sys.argv[1]); follower.start(); follower.finish()\n"
        "assert not {'mlflow', 'torch', 'pandas'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path), str(int(enabled))], check=True)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == ({"a/run.jsonl", "a/run.files/p"} if enabled else set())


def test_params_tags_and_metrics(tmp_path: Path) -> None:
    import numpy as np

    tags = {"rule": "t", "note": "postgresql://ada:pw@db/x"}
    with open_run(tmp_path, "m/center/final", experiment="e", key="k", params={"net": {"width": 8}}, tags=tags) as run:
        run.log_params({"net": {"width": 8}, "lr": 1e-4})
        run.log_params({"lr": 2e-4})
        run.log_metrics({"loss": np.float32(0.5), "bad": float("nan"), "worse": float("-inf")}, np.int64(3))
    [header] = records(tmp_path, "run")
    assert (header["name"], header["experiment"], header["key"]) == ("m/center/final", "e", "k")
    assert [record["values"] for record in records(tmp_path, "params")] == [{"net.width": "8"}, {"lr": "0.0001"}]
    first, second = (record["values"] for record in records(tmp_path, "tags"))
    assert (first["rule"], first["note"]) == ("t", "postgresql://***@db/x")
    assert first["host"] and second == {"later.lr": "0.0002"}
    [metrics] = records(tmp_path, "metrics")
    assert (metrics["step"], metrics["values"]) == (3, {"loss": 0.5, "bad": "NaN", "worse": "-Infinity"})


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED"), (None, "FINISHED")]
)
def test_how_a_job_ended(tmp_path: Path, error: type[BaseException] | None, status: str) -> None:
    try:
        with open_run(tmp_path / "a", "n"):
            if error is not None:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert [record["status"] for record in records(tmp_path / "a", "finish")] == [status]


def test_unfinished_run_is_continued_without_repeating(tmp_path: Path) -> None:
    for first, last, status in ((0, 10, "FAILED"), (6, 20, "FINISHED")):
        run = open_run(tmp_path / "a", "n", key="digest", params={"lr": 1})
        for step in range(first, last):
            run.log_metrics({"loss": step}, step)
            if step % 4 == 0:
                run.log_metrics({"rare": step}, step)
        run.finish(status)
    assert len(records(tmp_path / "a", "run")) == 1
    metrics = records(tmp_path / "a", "metrics")
    assert [record["step"] for record in metrics if "loss" in record["values"]] == list(range(20))
    assert [record["step"] for record in metrics if "rare" in record["values"]] == [0, 4, 8, 12, 16]
    assert len(records(tmp_path / "a", "params")) == 1


@pytest.mark.parametrize(
    ("first", "second", "status", "same"),
    [
        ("a", "a", "FAILED", True),
        ("a", "a", "RUNNING", True),
        ("a", "b", "FAILED", False),
        ("a", "a", "FINISHED", False),
        (None, None, "FAILED", False),
    ],
)
def test_which_runs_are_continued(
    tmp_path: Path, first: str | None, second: str | None, status: str, same: bool
) -> None:
    old = open_run(tmp_path, "n", key=first)
    old.log_metrics({"x": 1}, 1)
    old.log_text("old", "note.md")
    old.finish(status)
    [header] = records(tmp_path, "run")
    open_run(tmp_path, "n", key=second).finish()
    assert (records(tmp_path, "run") == [header]) is same
    kept = list(tmp_path.glob("earlier_runs/*"))
    assert [path.name for path in kept] == ([] if same else [header["id"]])
    if kept:
        assert read_past(kept[0] / "run.jsonl").last_steps == {"x": 1}
        assert (kept[0] / "run.files/note.md").read_text() == "old"
    assert open_run(tmp_path, "n", key=second, reopen=True).is_recorded


def test_parent(tmp_path: Path) -> None:
    open_run(tmp_path / "sweep", "sweep", key="s").finish("RUNNING")
    open_run(tmp_path / "t1", "t1", parent=tmp_path / "sweep").finish()
    with pytest.warns(UserWarning, match="without a parent"):
        open_run(tmp_path / "t2", "t2", parent=tmp_path / "nowhere").finish()
    assert records(tmp_path / "t1", "run")[0]["parent"] == records(tmp_path / "sweep", "run")[0]["id"]
    assert records(tmp_path / "t2", "run")[0]["parent"] is None


def test_tags_of_a_run_that_has_ended(tmp_path: Path) -> None:
    open_run(tmp_path, "n").finish()
    for _ in range(2):
        tag_run(tmp_path, {"winner": "true"})
    assert records(tmp_path, "tags")[1:] == [{"kind": "tags", "values": {"winner": "true"}}]
    assert read_past(tmp_path / "run.jsonl").status == "FINISHED"
    tag_run(tmp_path / "nowhere", {"winner": "true"})
    assert not (tmp_path / "nowhere").exists()


def test_artifact_is_kept_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-12345")
    weights, config = tmp_path / "w.safetensors", tmp_path / "config.yaml"
    weights.write_bytes(b"old")
    config.write_text("uri: https://ada:pw@host\ntoken: tok-12345\n")
    with open_run(tmp_path / "a", "n") as run:
        for _ in range(2):
            for path in (weights, config):
                run.log_artifact(path, "here")
        with pytest.raises(ValueError, match="no such file"):
            run.log_artifact(tmp_path / "missing")
    for path in (weights, config):
        path.unlink()
    files = tmp_path / "a/run.files"
    assert (files / "here/w.safetensors").read_bytes() == b"old"
    assert (files / "here/config.yaml").read_text() == "uri: https://***@host\ntoken: ***\n"
    found = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}
    assert {record["path"] for record in records(tmp_path / "a", "artifact")} == found
    with pytest.raises(ValueError, match="no such file"), open_run(tmp_path / "b", "n") as run:
        run.log_artifact(files)


def test_threads_may_log_at_once(tmp_path: Path) -> None:
    with open_run(tmp_path / "a", "n") as run:
        threads = [
            threading.Thread(target=lambda n=n: [run.log_metrics({f"m{n}": s}, s) for s in range(300)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = {(name, record["step"]) for record in records(tmp_path / "a", "metrics") for name in record["values"]}
    assert found == {(f"m{n}", step) for n in range(4) for step in range(300)}
