"""The last lines of a run name commands that its reader has."""

from __future__ import annotations

import pytest

from unsmear import results


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A folder with a results table and a store, without a way to open it."""
    (tmp_path / "results/report").mkdir(parents=True)
    (tmp_path / "results/report/table.csv").write_text("system,kind,camera,seeds,num_sequences,num_groups,num_static\n")
    (tmp_path / "results/mlflow").mkdir()
    (tmp_path / "results/mlflow/mlflow.db").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAKELEVEL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def command(folder) -> str:
    (line,) = [line for line in results.describe_results("results").splitlines() if line.startswith("MLflow UI")]
    return line.removeprefix("MLflow UI").strip()


def test_make_is_named_where_make_runs(finished, monkeypatch):
    monkeypatch.setenv("MAKELEVEL", "1")
    assert command(finished) == "make mlflow"


def test_installed_command_is_named_where_it_is(finished):
    (finished / "unsmear").write_text("#!/bin/sh\n")
    (finished / "unsmear").chmod(0o755)
    assert command(finished) == "unsmear mlflow results"


def test_environment_of_conda_is_named_by_its_path(finished):
    tool = finished / ".snakemake/conda/0123abcd_/bin/mlflow"
    tool.parent.mkdir(parents=True)
    tool.touch()
    store = f"sqlite:///{finished.resolve()}/results/mlflow/mlflow.db"
    assert command(finished) == f".snakemake/conda/0123abcd_/bin/python -m mlflow ui --backend-store-uri {store}"


def test_elsewhere_mlflow_itself_is_named(finished):
    assert command(finished).startswith("mlflow ui --backend-store-uri sqlite:///")


@pytest.mark.parametrize(
    "table",
    [
        b"system,kind\nmasked,system\n",
        b"system,kind,camera,seeds,num_sequences,num_groups,num_static,psnr_middle\nmasked,system,masked,1,1,1,0,abc\n",
        b"system,kind\n\xff,system\n",
    ],
    ids=["columns", "a word", "bytes"],
)
def test_a_table_edited_by_hand_is_named(finished, table):
    (finished / "results/report/table.csv").write_bytes(table)
    with pytest.raises(ValueError, match=r"report/table\.csv is no results table"):
        results.describe_results("results")
