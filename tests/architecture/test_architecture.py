"""One direction of flow: the library knows nothing of the workflow."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HEAVY = ("torch", "mlflow", "pandas", "matplotlib", "skimage", "optuna")


def imports(path: Path) -> set[str]:
    """Names of the modules that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.fixture(scope="module")
def modules(repository: Path) -> list[Path]:
    found = sorted((repository / "src" / "unsmear").rglob("*.py"))
    assert len(found) > 40
    return found


def test_only_the_workflow_imports_snakemake(modules):
    assert [str(path) for path in modules if "snakemake" in roots(path)] == []


def test_only_what_sends_imports_mlflow(modules):
    found = {f"{path.parent.name}/{path.stem}" for path in modules if "mlflow" in roots(path)}
    assert found == {"tracking/store", "tracking/model_upload"}


def test_who_imports_what_of_recording(modules):
    """Jobs know their run, the workflow knows the follower, and nobody else knows how records travel."""
    for path in modules:
        found = {name.removeprefix("unsmear.tracking.") for name in imports(path) if "unsmear.tracking." in name}
        if path.parent.name == "tracking":
            assert "upload" not in found or path.stem == "follow"
            assert path.stem != "run" or found <= {"earlier", "journal", "kept_files", "secrets", "system_metrics"}
        else:
            assert found <= {"config", "fetch", "run", "model", "secrets", "ui"}, path


def test_files_beside_the_modules_are_packaged(repository):
    settings = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    source = repository / "src"
    packaged = {
        file
        for package, patterns in settings.items()
        for pattern in patterns
        for file in (source / package.replace(".", "/")).glob(pattern)
    }
    listed = subprocess.run(["git", "ls-files", "src"], cwd=repository, capture_output=True, text=True, check=False)
    files = {repository / line for line in listed.stdout.splitlines() if not line.endswith(".py")}
    assert len(files) > 10 and files <= packaged


def test_library_reads_no_configuration_file(modules):
    reads = re.compile(r"(read_text|open|load)\(.*config\.yaml|config\.yaml.*\.(read_text|open)")
    assert [path for path in modules if reads.search(path.read_text())] == []


def test_binders_are_short_and_call_the_library(repository):
    binders = [path for path in (repository / "workflow/scripts").glob("*.py") if path.name != "_src.py"]
    assert len(binders) >= 12
    for path in binders:
        code = [line for line in path.read_text().splitlines() if line.strip()]
        assert len(code) <= 25, f"{path.name} has {len(code)} lines; move logic into the library"
        assert "unsmear" in roots(path) and not {"torch", "mlflow", "numpy"} & roots(path)
        assert re.match(r"(import logging\n\n)?import _src\n\n_src.start\(snakemake\)\n", path.read_text())


def test_rules_only_bind(repository):
    """What rules share is short: logic lies in ``unsmear.plan``, where it is tested without Snakemake."""
    shared = (repository / "workflow/rules/common.smk").read_text().splitlines()
    assert len(shared) < 150, f"common.smk has {len(shared)} lines; move logic into unsmear.plan"


def test_every_rule_has_an_environment_and_a_log(repository):
    for path in (repository / "workflow/rules").glob("*.smk"):
        text = path.read_text()
        scripts = len(re.findall(r"^\s+script:$", text, re.MULTILINE))
        for directive in ("conda", "log"):
            found = len(re.findall(rf"^\s+{directive}:$", text, re.MULTILINE))
            assert found == scripts, f"{path.name}: {scripts} scripts but {found} {directive} directives"


def test_modules_stay_small(modules):
    """At most 200 lines."""
    lines = {str(path): len(path.read_text().splitlines()) for path in modules}
    assert {path: number for path, number in lines.items() if number > 200} == {}


def test_what_is_public_says_what_it_is(modules):
    """A docstring for each module, class, function and method whose name has no underscore."""
    silent = []
    for path in modules:
        tree = ast.parse(path.read_text())
        silent += [str(path)] if tree.body and not ast.get_docstring(tree) else []
        public = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_")]
        found = [node for owner in public for node in owner.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        silent += [f"{path}: {node.name}" for node in found if node.name[0] != "_" and not ast.get_docstring(node)]
    assert silent == []


def test_no_drawer_for_odds_and_ends(modules):
    assert [path for path in modules if path.stem in ("utils", "helpers", "misc", "common", "manager")] == []


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("unsmear.config", set()),
        ("unsmear.plan.sequences", set()),
        ("unsmear.plan.checks", set()),
        ("unsmear.report.selection", {"pandas"}),
        ("unsmear.frames.extract", set()),
        ("unsmear.frames.grouping", set()),
        ("unsmear.optics.render", set()),
        ("unsmear.scenes.archives", set()),
        ("unsmear.tracking.run", set()),
        ("unsmear.tracking.follow", set()),
        ("unsmear.evaluation.evaluate", set()),
    ],
)
def test_light_modules_import_nothing_heavy(module, allowed):
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= allowed


def test_project_names_no_place_of_its_making(repository):
    listed = subprocess.run(["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=False)
    files = listed.stdout.split() or [str(p.relative_to(repository)) for p in repository.rglob("*.py")]
    places = ["/" + "work/", "/" + "tmp/dev", "/" + "tmp/demo", "py" + "pi.org", "files.python" + "hosted"]
    forbidden = re.compile("|".join(map(re.escape, places)))
    text_files = [f for f in files if Path(f).suffix in (".py", ".md", ".yaml", ".toml", ".smk", ".txt", ".lock", "")]
    hits = [f for f in text_files if (repository / f).is_file() and forbidden.search((repository / f).read_text())]
    assert hits == []


def test_reference_data_is_known_to_tests_alone(repository):
    places = ["src", "workflow", "benchmarks", "docs", "config"]
    files = [
        p for place in places for p in (repository / place).rglob("*") if p.suffix in (".py", ".md", ".yaml", ".smk")
    ]
    assert [str(p) for p in files if "UNSMEAR_SHARED" in p.read_text() or "../shared" in p.read_text()] == []
