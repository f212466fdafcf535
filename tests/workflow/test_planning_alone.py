"""Snakemake plans, starts and ends the workflow with nothing but itself installed; conda brings rules the rest."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from snakemake_alone import make_python

PNG = cv2.imencode(".png", np.zeros((96, 128, 3), np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """Python with snakemake alone."""
    interpreter = make_python(tmp_path_factory.mktemp("snakemake") / "alone")
    missing = subprocess.run([interpreter, "-c", "import yaml, pydantic, numpy"], capture_output=True, text=True)
    assert "No module named 'numpy'" in missing.stderr
    return interpreter


@pytest.fixture
def project(fresh, python):
    """The tiny project, run by that Python."""
    return replace(fresh, python=python)


def test_whole_workflow_is_planned(project):
    plan = project.plan()
    assert plan["train_stage"] == 10 and plan["write_report"] == 1


def test_other_sources_are_planned(project, tmp_path):
    assert project.plan("--configfile", "config/reds_small.yaml", "--", "results/groups.csv")["download_reds"] == 6
    (tmp_path / "zips").mkdir()
    for part, split in (("train", "train"), ("val", "test")):
        with zipfile.ZipFile(tmp_path / "zips" / f"{part}_orig_part0.zip", "w") as file:
            for sequence in range(3):
                folder = tmp_path / "folders" / split / f"{sequence}"
                folder.mkdir(parents=True)
                for frame in range(7):
                    file.writestr(f"{part}/{part}_orig/{sequence:03d}/{frame:08d}.png", PNG)
                    (folder / f"{frame}.png").write_bytes(PNG)
    for data in (
        f"source: archives, archives: {{folder: {tmp_path}/zips, val_sequences: 1}}",
        f"source: folders, folders: {{folder: {tmp_path}/folders, val: 1}}",
    ):
        assert project.plan("--config", f"data={{{data}}}", "--", "results/groups.csv")["extract_sequence"] == 6


def test_videos_name_what_counting_their_frames_needs(project, tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/a.mp4").touch()
    text = project.run("--config", f"data={{source: videos, videos: {{folder: {tmp_path}/videos}}}}", check=False)
    assert "data.source: videos" in text and "pip install av" in text and "Traceback" not in text


def test_run_begins_and_ends(project):
    """A job that needs no package, so that what stands before and after the jobs is run."""
    project.run("results/models/standard/f35/final/hparams.yaml")
    assert (project.folder / "results/models/standard/f35/final/hparams.yaml").is_file()


def test_results_are_shown(python, repository, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report/table.csv").write_text("system,kind,camera,seeds,num_sequences,num_groups,num_static\n")
    code = f"from unsmear.results import describe_results; print(describe_results({str(tmp_path)!r}))"
    environment = {"PYTHONPATH": str(repository / "src")}
    shown = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert "table.md" in shown
