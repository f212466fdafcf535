"""Two recorded runs, asked of a store by their ids and compared."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest

from unsmear.cli import main
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import sync
from unsmear.tracking.run import open_run

COLUMNS = "system,split,sequence,group,frame,psnr,psnr_best,direction"


def write_table(path: Path, psnr: float) -> Path:
    lines = [f"m,test,{s:03d},1,{f},{psnr + s},{psnr + s},1" for s in range(7) for f in range(1, 8)]
    path.write_text("\n".join([COLUMNS, *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder whose embedded store has two evaluations and a training."""
    root = tmp_path_factory.mktemp("results")
    for name, psnr, config in (("before", 30.0, "seed: 0\n"), ("after", 29.5, "seed: 1\n")):
        tags = {"rule": "gather_evaluation", "code.digest": name}
        with open_run(root / name, f"{name}/evaluation", key=name, tags=tags, config_text=config) as run:
            run.log_artifact(write_table(root / name / "per_frame.csv", psnr))
            run.log_params({"camera": "masked"})
    with open_run(root / "training", "m/center/final", key="t", params={"learning_rate": 0.1}) as run:
        run.log_metrics({"val.psnr": 28.25}, 10)
    assert sync(TrackingConfig(), root)[0] == 3
    return root


def run_ids(store: Path) -> dict[str, str]:
    with sqlite3.connect(store / "mlflow/mlflow.db") as database:
        return dict(database.execute("select name, run_uuid from runs"))


def test_runs_are_compared_by_their_ids(store, capsys):
    ids = run_ids(store)
    before, after, training = ids["before/evaluation"], ids["after/evaluation"], ids["m/center/final"]
    assert main(["compare", before, after, "--store", str(store)]) == 1
    shown = capsys.readouterr()
    assert "-0.50 [-0.50, -0.50] worse" in shown.out and "is worse beyond its interval" in shown.err
    lines = [line.split() for line in shown.out.splitlines()]
    assert ["seed", "0", "1"] in lines and ["code", "before", "after"] in lines
    assert any(line[:1] == ["gather_evaluation"] for line in lines)
    assert main(["compare", training, training, "--store", str(store)]) == 0
    assert "No key differs." in capsys.readouterr().out
    # A training has no frame groups.
    assert main(["compare", training, training, "--store", str(store), "--fail-on", "psnr"]) == 2
    assert "m/center/final" in (error := capsys.readouterr().err) and "has no measure psnr" in error
    assert main(["compare", before, training, "--store", str(store)]) == 2
    assert "no measure could be compared" in capsys.readouterr().err


def test_a_run_that_is_not_there_is_named(store, capsys):
    assert main(["compare", "0" * 32, "1" * 32, "--store", str(store)]) == 2
    assert f"has no run {'0' * 32}" in capsys.readouterr().err


def test_a_store_that_cannot_be_asked_is_named(tmp_path, capsys):
    database = tmp_path / "mlflow/mlflow.db"
    database.parent.mkdir()
    database.write_text("hello")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for store, message in (
        (str(tmp_path), f"--store: {database} cannot be read"),
        (server, f"--store: {server} cannot be read"),
        ("ftp://user:secret@host", "--store: it is no address of MLflow"),
    ):
        assert main(["compare", "0" * 32, "1" * 32, "--store", store]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1 and "secret" not in error
    assert database.read_text() == "hello"
