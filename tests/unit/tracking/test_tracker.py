"""What a job says stands in its journal, whatever becomes of it later."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from unsmear.tracking import TrackingConfig, open_tracker
from unsmear.tracking.past import read_past
from unsmear.tracking.tracker import JournalTracker

LATER = TrackingConfig(send="later", system_metrics=False)


def records(directory: Path, *kinds: str) -> list[dict]:
    lines = map(json.loads, (directory / "tracking.jsonl").read_text().splitlines())
    return [record for record in lines if record["kind"] in kinds]


def test_off_leaves_mlflow_alone_and_says_so(tmp_path: Path) -> None:
    program = (
        "import sys; from unsmear.tracking import TrackingConfig, open_tracker, sync_journals\n"
        "config = TrackingConfig(enabled=False)\n"
        "with open_tracker(config, sys.argv[1], sys.argv[1] + '/a', 'e', 'n', {'a': 1}) as tracker:\n"
        "    tracker.log_metrics({'x': 1}, 0); tracker.log_text('t', 'p'); assert tracker.run_id is None\n"
        "assert sync_journals(sys.argv[1], config).complete\n"
        "assert not {'mlflow', 'torch', 'pandas'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["tracking.json"]
    assert json.loads((tmp_path / "a/tracking.json").read_text())["enabled"] is False


def test_recording_imports_no_mlflow_into_the_job(tmp_path: Path) -> None:
    program = (
        "import sys; from unsmear.tracking import TrackingConfig, open_tracker\n"
        "with open_tracker(TrackingConfig(send='later'), sys.argv[1], sys.argv[1] + '/a', 'e', 'n') as tracker:\n"
        "    tracker.log_metrics({'x': 1}, 0)\n"
        "assert not {'mlflow', 'torch', 'pandas'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


def test_params_tags_and_metrics(tmp_path: Path) -> None:
    import numpy as np

    with open_tracker(
        LATER, tmp_path, tmp_path / "a", "e", "m/center/final", {"net": {"width": 8}}, {"rule": "t"}
    ) as t:
        t.log_params({"net": {"width": 8}, "lr": 1e-4})
        t.log_params({"lr": 2e-4})
        t.log_metrics({"loss": np.float32(0.5), "bad": float("nan"), "worse": float("-inf")}, np.int64(3))
        assert t.run_id is None
    assert [record["values"] for record in records(tmp_path / "a", "params")] == [{"net.width": "8"}, {"lr": "0.0001"}]
    first, second = (record["values"] for record in records(tmp_path / "a", "tags"))
    assert first["rule"] == "t" and first["host"] and second == {"later.lr": "0.0002"}
    [metrics] = records(tmp_path / "a", "metrics")
    assert (metrics["step"], metrics["values"]) == (3, {"loss": 0.5, "bad": "NaN", "worse": "-Infinity"})
    summary = json.loads((tmp_path / "a/tracking.json").read_text())
    num_lines = len((tmp_path / "a/tracking.jsonl").read_text().splitlines())
    assert summary | {"key": ""} == {
        "format_version": 1,
        "enabled": True,
        "run_id": None,
        "key": "",
        "experiment": "e",
        "run_name": "m/center/final",
        "uri": "embedded",
        "num_records": num_lines,
        "num_refused": 0,
        "synced": False,
    }


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED"), (None, "FINISHED")]
)
def test_how_a_job_ended(tmp_path: Path, error: type[BaseException] | None, status: str) -> None:
    try:
        with open_tracker(LATER, tmp_path, tmp_path / "a", "e", "n"):
            if error is not None:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert [record["status"] for record in records(tmp_path / "a", "finish")] == [status]


def test_unfinished_run_is_continued_without_repeating(tmp_path: Path) -> None:
    keys = []
    for first, last, status in ((0, 10, "FAILED"), (6, 20, "FINISHED")):
        tracker = open_tracker(LATER, tmp_path, tmp_path / "a", "e", "n", {"lr": 1}, resume_key="digest")
        assert isinstance(tracker, JournalTracker)
        keys.append(tracker.key)
        for step in range(first, last):
            tracker.log_metrics({"loss": step}, step)
            if step % 4 == 0:
                tracker.log_metrics({"rare": step}, step)
        tracker.finish(status)
    assert keys[0] == keys[1]
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
    old = open_tracker(LATER, tmp_path, tmp_path / "a", "e", "n", resume_key=first)
    old.log_metrics({"x": 1}, 1)
    old.finish(status)
    with open_tracker(LATER, tmp_path, tmp_path / "a", "e", "n", resume_key=second) as new:
        assert (new.key == old.key) is same
    kept = list((tmp_path / "a").glob("earlier_runs/*/tracking.jsonl"))
    assert len(kept) == (0 if same else 1)
    if kept:
        assert read_past(kept[0]).header["key"] == old.key and read_past(kept[0]).last_steps == {"x": 1}


def test_parent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parent = open_tracker(LATER, tmp_path, tmp_path / "m/sweep", "e", "sweep", resume_key="s")
    parent.finish("RUNNING")
    with open_tracker(LATER, tmp_path, tmp_path / "m/t1", "e", "t1", parent=tmp_path / "m/sweep"):
        pass
    with open_tracker(LATER, tmp_path, tmp_path / "m/t2", "e", "t2", parent=tmp_path / "nowhere"):
        pass
    [header] = records(tmp_path / "m/t1", "run")
    assert header["parent"] == {"key": parent.key, "directory": "../sweep"}
    assert records(tmp_path / "m/t2", "run")[0]["parent"] is None
    assert "without a parent" in capsys.readouterr().err


def test_artifact_is_kept_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-12345")
    directory = tmp_path / "a"
    directory.mkdir()
    weights, config, pictures = directory / "w.safetensors", directory / "config.yaml", directory / "pictures"
    weights.write_bytes(b"old")
    config.write_text("uri: https://ada:pw@host\ntoken: tok-12345\n")
    (pictures / "deep").mkdir(parents=True)
    (pictures / "deep/p.png").write_bytes(b"png")
    with open_tracker(LATER, tmp_path, directory, "e", "n") as tracker:
        for path in (weights, config, pictures):
            tracker.log_artifact(path)
        with pytest.raises(ValueError, match="no such file"):
            tracker.log_artifact(directory / "missing")
    for path in (weights, config, pictures / "deep/p.png"):
        path.unlink()
    found = {
        record["path"]: (directory / record["copy"], record["folder"]) for record in records(directory, "artifact")
    }
    assert found["w.safetensors"][0].read_bytes() == b"old"
    assert found["config.yaml"][0].read_text() == "uri: https://***@host\ntoken: ***\n"
    assert found["pictures/deep/p.png"][1] == "pictures/deep"


def test_threads_may_log_at_once(tmp_path: Path) -> None:
    with open_tracker(LATER, tmp_path, tmp_path / "a", "e", "n") as tracker:
        threads = [
            threading.Thread(target=lambda n=n: [tracker.log_metrics({f"m{n}": s}, s) for s in range(300)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = {(name, record["step"]) for record in records(tmp_path / "a", "metrics") for name in record["values"]}
    assert found == {(f"m{n}", step) for n in range(4) for step in range(300)}
