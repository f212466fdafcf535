"""Where the project lies and what starts its jobs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from unsmear.plan.installation import check_deployment, check_storage

CONDA = """#!/bin/sh
echo "$PIP_CONSTRAINT $*" >> {calls}
case "$*" in
--version) echo "conda 26.1.0" ;;
*--json*) echo '{{"conda_prefix": "{folder}", "platform": "linux-64", "get": {{"channel_priority": "strict"}}}}' ;;
esac
"""


@pytest.mark.parametrize("name", ["my proj (v2)", "a&b", "it's", "50$", "x;y"])
def test_make_refuses_a_path_that_a_shell_would_cut(repository, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for file in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(repository / file, folder)
    done = subprocess.run(["make", "demo"], cwd=folder, capture_output=True, text=True)
    assert done.returncode and str(folder) in done.stderr and "move the folder" in done.stderr
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize("python", ["/home/me/my proj (v2)/.venv/bin/python", "/x/a&b/python"])
def test_python_at_such_a_path_is_refused(python):
    with pytest.raises(ValueError, match="hands that path to the shell"):
        check_deployment(set(), python)
    # Conda's jobs take the Python of their environment.
    check_deployment({"CONDA"}, python)


def test_python_elsewhere_serves(tmp_path):
    check_deployment(set(), f"{tmp_path}/größe/python3.11")


def test_checkout_at_such_a_path_plans(fresh, tmp_path):
    place = tmp_path / "my proj (v2)"
    fresh.folder.rename(place)
    moved = type(fresh)(place)
    assert moved.plan("results/groups.csv")["extract_sequence"] >= 1


@pytest.mark.parametrize(
    ("option", "message"),
    [("apptainer", "the configuration names no container"), ("env-modules", "the rules define no modules")],
)
def test_ways_to_run_that_nobody_defined_are_refused(fresh, option, message):
    text = fresh.run("--dry-run", "--software-deployment-method", option, check=False)
    assert f"--software-deployment-method {option}: {message}" in text and "Traceback" not in text


def test_environments_without_the_package_are_refused():
    with pytest.raises(ValueError, match="do not hold the package"):
        check_deployment({"CONDA"}, "/usr/bin/python", deployed=True)


def test_storage_that_nobody_tried_is_refused_before_anything_runs():
    check_storage(None, None)
    check_storage("s3", "s3://bucket/run")
    with pytest.raises(ValueError, match=r"--default-storage-provider azure: .*profiles/s3"):
        check_storage("azure", "az://bucket/run")


@pytest.mark.parametrize("prefix", [None, "bucket/run"])
def test_bucket_without_a_name_is_refused(prefix):
    with pytest.raises(ValueError, match=r"--default-storage-prefix .*s3://my-bucket/my-run"):
        check_storage("s3", prefix)


APPTAINER = """#!/bin/sh
echo "$*" >> {calls}
if [ "$1" = "--version" ]; then echo "apptainer version 1.4.0"; exit; fi
while [ "$1" != "{image}" ]; do shift; done
shift
exec "$@"
"""


def test_rules_run_in_the_configured_container(fresh, tmp_path, monkeypatch):
    """The command is a stand-in, which runs what it is given outside of the image: what is asked of it is tested."""
    tool, calls, image = tmp_path / "bin/apptainer", tmp_path / "calls", tmp_path / "unsmear.sif"
    tool.parent.mkdir()
    image.touch()
    tool.write_text(APPTAINER.format(calls=calls, image=image))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    target = "results/cameras/masked/camera.json"
    fresh.run("--sdm", "apptainer", "--config", f"container={image}", "--", target)
    assert (fresh.folder / target).is_file()
    (ran,) = [line for line in calls.read_text().splitlines() if line.startswith("exec ") or " exec " in line]
    assert str(image) in ran and "simulate_camera" in ran


def test_conda_lets_pip_follow_the_lock(fresh, repository, tmp_path, monkeypatch):
    tool, calls = tmp_path / "conda", tmp_path / "calls"
    tool.write_text(CONDA.format(calls=calls, folder=tmp_path))
    tool.chmod(0o755)
    shutil.copy(repository / "requirements.lock", fresh.folder)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PIP_CONSTRAINT", "/site/constraints.txt")
    fresh.run("--use-conda", "--conda-create-envs-only", "results/groups.csv")
    (created,) = [line for line in calls.read_text().splitlines() if "env create" in line]
    site, ours = created.split()[:2]
    assert site == "/site/constraints.txt"
    assert Path(ours.removeprefix("file://")) == fresh.folder / "requirements.lock"
