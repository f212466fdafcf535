"""The Dockerfile: there is no daemon where tests run, so what goes into the image is tested instead."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def stages(repository: Path) -> list[list[tuple[str, str]]]:
    """For each stage its instructions and what follows them, lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (repository / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    instructions = [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]
    starts = [index for index, (name, _) in enumerate(instructions) if name == "FROM"]
    return [instructions[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def copied(stage: list[tuple[str, str]]) -> list[tuple[list[str], str]]:
    """What comes from the checkout, and where it goes."""
    parts = [value.split() for name, value in stage if name == "COPY" and not value.startswith("--from")]
    return [(sources, target) for *sources, target in parts]


def test_hadolint_finds_nothing(repository):
    tool = shutil.which("hadolint")
    if tool is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([tool, "Dockerfile"], cwd=repository, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_last_stage_is_small_and_nobodys_root(stages):
    last = stages[-1]
    assert [value for name, value in last if name == "USER"] == ["1000"]
    assert ("ARG", 'EXTRA_PACKAGES=""') in last
    assert not re.search(r"\b(gcc|g\+\+|make|git|pip)\b", " ".join(value for name, value in last if name == "RUN"))
    assert {stage[0][1].split()[0] for stage in stages} == {"python:3.11-slim-bookworm"}


def test_what_is_installed_is_what_the_lock_says(repository, stages):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    runs = [value for name, value in stages[0] if name == "RUN" and "pip install" in value]
    assert len(runs) == 2 and all("--constraint requirements.lock" in value for value in runs)
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", runs[1])
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert project["requires-python"] == ">=3.11"


@pytest.mark.slow
def test_what_is_copied_is_all_that_the_workflow_needs(repository, stages, fresh, tmp_path):
    ignored = (repository / ".dockerignore").read_text().splitlines()
    image = tmp_path / "image"
    image.mkdir()
    for sources, target in copied(stages[-1]):
        for source in sources:
            assert f"!{source}" in ignored, f".dockerignore keeps {source} out"
            if (repository / source).is_dir():
                shutil.copytree(repository / source, image / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(repository / source, image / target)
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=repository, capture_output=True, text=True, check=False)
    assert all((image / file).is_file() for file in tracked.stdout.splitlines())
    workflow = replace(fresh, folder=tmp_path / "data")
    workflow.folder.mkdir()
    assert workflow.plan("--snakefile", str(image / "Snakefile"))["train_stage"] >= 4
