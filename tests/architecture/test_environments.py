"""conda environments, lock and pyproject say the same."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from unsmear.code_digest import ROOT, find_sources

packages_distributions = cache(metadata.packages_distributions)


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


@cache
def third_parties(path: Path) -> set[str]:
    """Names of the packages of others that a Python file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"unsmear"}


def giving(name: str) -> set[str]:
    """Distributions that a name may be imported from; several, such as OpenCV's, give the same."""
    return {normal(found) for found in packages_distributions().get(name, [name])}


def with_dependencies(entries: Iterable[str]) -> set[str]:
    """Names of distributions, and of all that come with them."""
    found, waiting = set(), [normal(re.match(r"[A-Za-z0-9_.-]+", entry)[0]) for entry in entries]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needed = map(Requirement, requires(name) or [])
            waiting += [normal(each.name) for each in needed if not each.marker or each.marker.evaluate({"extra": ""})]
    return found


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    entries = [*project["dependencies"], *optional["heif"], *optional["app"], *optional["onnx"]]
    declared = {normal(re.match(r"[A-Za-z0-9_.-]+", entry)[0]) for entry in entries}
    imported = set().union(*map(third_parties, (repository / "src").rglob("*.py")))
    assert [name for name in imported if not declared & giving(name)] == []
    # Snakemake is the workflow's own; of the wheels of scikit-image and scikit-learn the scenes take the photographs
    # alone, and tifffile decodes by imagecodecs.
    unused = declared - set().union(*map(giving, imported))
    assert unused == {"snakemake", "scikit-image", "scikit-learn", "imagecodecs"}


def test_environments_have_what_their_scripts_import(repository):
    lacking = {}
    for name in ("data", "train", "report"):
        packages = yaml.safe_load((repository / "envs" / f"{name}.yaml").read_text())["dependencies"][-1]["pip"]
        there = with_dependencies(packages)
        text = "".join(path.read_text() for path in sorted((repository / "workflow/rules").glob("*.smk")))
        for rule in re.split(r"^\s*(?:rule|checkpoint) ", text, flags=re.MULTILINE):
            if f"envs/{name}.yaml" in rule and (script := re.search(r"scripts/(\w+\.py)", rule)):
                path = repository / "workflow/scripts" / script[1]
                called = re.findall(r"^from unsmear\.([\w.]+) import", path.read_text(), re.MULTILINE)
                modules = [f"{module.replace('.', '/')}.py" for module in called]
                modules = [each if (ROOT / each).is_file() else f"{each[:-3]}/__init__.py" for each in modules]
                sources = [source for source in find_sources(modules) if source.suffix == ".py"]
                if missing := {each for each in set().union(*map(third_parties, sources)) if not there & giving(each)}:
                    lacking[name, script[1]] = missing
    assert lacking == {}


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
