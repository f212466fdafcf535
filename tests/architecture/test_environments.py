"""conda environments, lock and pyproject say the same."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def locked(repository: Path) -> dict[str, str]:
    lines = (repository / "requirements.lock").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pins.items()}


def test_lock_pins_every_direct_dependency(repository, locked):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(e for extra in project["optional-dependencies"].values() for e in extra)]
    names = {normal(re.match(r"[A-Za-z0-9_.-]+", entry)[0]) for entry in wanted}
    assert names <= set(locked)
    assert locked["torch"] == "2.13.0"


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    entries = [*project["dependencies"], *optional["heif"]]
    declared = {normal(re.match(r"[A-Za-z0-9_.-]+", entry)[0]) for entry in entries}
    imported = set()
    for path in (repository / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    distributions = packages_distributions()
    outside = imported - sys.stdlib_module_names - {"unsmear"}
    # A name that several distributions give, such as OpenCV's, needs one of them.
    missing = [name for name in outside if not declared & {normal(d) for d in distributions.get(name, [name])}]
    assert missing == []
    used = {normal(d) for name in outside for d in distributions.get(name, [])}
    # Snakemake is the workflow's own; of scikit-image's wheel the scenes take the photographs alone.
    assert declared - used == {"snakemake", "scikit-image"}


@pytest.mark.parametrize("name", ["data", "train", "report"])
def test_environment_takes_the_locked_versions(repository, locked, name):
    environment = yaml.safe_load((repository / "envs" / f"{name}.yaml").read_text())
    assert environment["channels"] == ["conda-forge"]
    *conda, pip = environment["dependencies"]
    assert [entry.split("=")[0] for entry in conda] == ["python", "pip"]
    for entry in pip["pip"]:
        package, version = entry.split("==")
        assert locked[normal(package)] == version, f"envs/{name}.yaml: {package}"


def test_data_environment_is_small(repository):
    text = (repository / "envs" / "data.yaml").read_text()
    assert not re.search(r"^ +- (torch|mlflow|pandas|snakemake)==", text, re.MULTILINE)


def test_every_environment_is_used_and_there(repository):
    rules = "".join(path.read_text() for path in (repository / "workflow/rules").glob("*.smk"))
    used = set(re.findall(r"envs/(\w+)\.yaml", rules))
    assert used == {path.stem for path in (repository / "envs").glob("*.yaml")}
