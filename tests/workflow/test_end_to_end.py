"""One tiny run of everything, and what is there afterwards."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

STAGES = ("center", "f35", "f26", "f17")


def test_every_promised_file_is_there(finished_once):
    results = finished_once.folder / "results"
    promised = [
        "groups.csv",
        "scenes/test.json",
        "report/index.html",
        "report/table.csv",
        "report/table.md",
        "report/table.tex",
        "report/config.yaml",
        "report/provenance.json",
        "mlflow/mlflow.db",
        *(f"report/sweeps/standard/center/{name}" for name in ("trials.csv", "hparams.csv", "objective.png")),
    ]
    for camera in ("standard", "masked"):
        promised += [f"cameras/{camera}/psfs.npy", f"cameras/{camera}/camera.json", f"cameras/{camera}/psfs.png"]
        promised += [f"benchmarks/render_blur/{camera}/all.{suffix}" for suffix in ("tsv", "json")]
        promised += [f"blur/{camera}/test/000.npy", f"evaluation/input_{camera}/per_frame.csv"]
    for system in ("standard", "masked"):
        promised += [f"evaluation/{system}/per_frame.csv", f"evaluation/{system}/cost.json"]
        promised += [f"evaluation/{system}/parts/{part}.csv" for part in ("000", "004")]
        for stage in STAGES:
            folder = f"models/{system}/{stage}/final"
            promised.append(f"benchmarks/train_stage/{system}/{stage}/final.tsv")
            promised += [f"{folder}/{name}" for name in ("weights.safetensors", "metrics.csv", "outcome.json")]
    missing = [path for path in promised if not (results / path).is_file()]
    assert not missing
    assert list((results / "report" / "figures").glob("*.png"))
    assert list((results / "report" / "videos").glob("*.mp4"))


def test_nothing_half_written_is_left(finished_once):
    files = [path for path in (finished_once.folder / "results").rglob("*") if path.is_file()]
    assert [path for path in files if ".tmp" in path.name or path.name in ("state.pt", "state.previous.pt")] == []


def test_table_has_each_system_and_can_be_traced(finished_once):
    with (finished_once.folder / "results/report/table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {"input_standard", "input_masked", "standard", "masked"} <= {row["row"] for row in rows}
    for row in rows:
        assert row["data_digest"] and row["config_digest"] and row["commit"]


def test_second_run_finds_everything_done(finished):
    assert finished.plan() == {}


def test_every_training_sweep_and_evaluation_is_in_the_tracking_store(finished_once):
    results = finished_once.folder / "results"
    with sqlite3.connect(results / "mlflow" / "mlflow.db") as store:
        names = {name for (name,) in store.execute("select name from runs")}
        statuses = {status for (status,) in store.execute("select status from runs")}
    expected = {f"{system}/{stage}/final" for system in ("standard", "masked") for stage in STAGES}
    expected |= {"standard/center/trials/r1-t1", "standard/center/trials/r1-t2", "standard/center/sweep"}
    expected |= {f"{name}/evaluation" for name in ("standard", "masked", "input_standard", "input_masked")}
    assert expected <= names
    assert statuses == {"FINISHED"}


def test_weights_say_what_they_are(finished_once):
    from unsmear.cascade.cascade import Cascade
    from unsmear.cascade.header import read_header

    folder = finished_once.folder / "results/models/masked"
    header = read_header(folder / "f26/final/weights.safetensors")
    assert header["spec"]["predicts"] == [2, 6] and header["camera"]["name"] == "masked"
    assert header["camera"]["symmetries"] == ["mirror_x", "mirror_y", "transpose"]
    assert header["provenance"]["order"] == "true"
    standard = finished_once.folder / "results/models/standard"
    orders = [read_header(standard / s / "final/weights.safetensors")["provenance"]["order"] for s in STAGES]
    assert orders == ["true", "free_per_sample", "follow", "follow"]
    cascade = Cascade.load([folder / stage / "final/weights.safetensors" for stage in STAGES])
    assert cascade.num_frames == 7


def test_picture_is_reconstructed_from_weights_alone(finished_once, tmp_path):
    import cv2
    import numpy as np

    from unsmear.cli import main

    blurry = np.load(finished_once.folder / "results/blur/masked/test/000.npy", mmap_mode="r")[0]
    cv2.imwrite(str(tmp_path / "photo.png"), blurry[:101, :77, ::-1])
    system = finished_once.folder / "results/models/masked"
    arguments = [
        "reconstruct",
        str(tmp_path / "photo.png"),
        "--weights",
        str(system),
        "--output",
        str(tmp_path / "out"),
    ]
    assert main(arguments) == 0
    frames = [cv2.imread(str(tmp_path / "out/photo" / f"frame_{number}.png")) for number in range(1, 8)]
    assert all(frame.shape == (101, 77, 3) for frame in frames)
    assert (tmp_path / "out/photo/film.mp4").stat().st_size > 1000


def test_summary_names_the_files_to_open(finished_once, capsys):
    from unsmear.cli import main

    assert main(["results", str(finished_once.folder / "results")]) == 0
    shown = capsys.readouterr().out
    assert "Re-trained (Masked)" in shown
    for name in ("index.html", ".mp4", "MLflow UI"):
        assert name in shown
    page = next(line for line in shown.splitlines() if "index.html" in line).split()[1]
    assert Path(page).is_file()
