"""The digest of a rule's code covers what its jobs import, and nothing that they cannot."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from rules import CODE

from unsmear import code_digest as digests
from unsmear.code_digest import WITHOUT_EFFECT, code_digest, find_sources

# Fetching and sending are no results: what they do is checked by its SHA-256, or by the store.
WITHOUT_CODE = {"download_reds", "sync_tracking"}


def test_every_rule_with_a_script_has_a_digest():
    assert len(CODE) > 20
    assert {name for name, (_, modules) in CODE.items() if not modules} == WITHOUT_CODE


@pytest.mark.parametrize("name", ["fetch.py", "http.py", "retry.py"])
def test_how_files_are_downloaded_is_no_part_of_a_result(repository, name):
    """What they are is: each has a SHA-256 in its rule's params."""
    path = repository / "src/unsmear" / name
    assert [rule for rule, (_, modules) in CODE.items() if path in find_sources(modules)] == []


@pytest.fixture(scope="module")
def imported(finished_once) -> dict[str, set[str]]:
    """Script to the files of the modules that its job had imported when it ended."""
    source = finished_once.folder / "src"
    found: dict[str, set[str]] = {}
    for path in (finished_once.folder / "imported").glob("*.txt"):
        files = set()
        for name in set(path.read_text().split()):
            module = source.joinpath(*name.split("."))
            file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
            files.add(file.relative_to(source / "unsmear").as_posix())
        found[path.stem] = files
    return found


def is_left_out(file: str) -> bool:
    return any(file == name or file.startswith(f"{name}/") for name in WITHOUT_EFFECT)


def test_an_edit_of_a_module_reruns_the_rules_whose_jobs_import_it(repository, tmp_path, imported, monkeypatch):
    """One statement more in each module in turn."""
    root = tmp_path / "unsmear"
    shutil.copytree(repository / "src/unsmear", root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "ROOT", root)
    ran = {
        rule: (imported[script], modules) for rule, (script, modules) in CODE.items() if modules and script in imported
    }
    assert len(ran) >= 18, sorted(set(CODE) - set(ran))
    before = {rule: code_digest(*modules) for rule, (_, modules) in ran.items()}
    covered = {rule: names_of(find_sources(modules), root) for rule, (_, modules) in ran.items()}
    # What is imported when a module is, and what only some function of it may import: of other configurations, say.
    eager = {rule: names_of(find_sources(modules, lazy=False), root) for rule, (_, modules) in ran.items()}
    checked = 0
    for path in sorted(root.rglob("*.py")):
        name, text = path.relative_to(root).as_posix(), path.read_text()
        rerun = {rule for rule in ran if name in covered[rule]}
        path.write_text(text + "\nCHANGED = 1\n")
        # All rules would take minutes: one of either kind says whether the digest is that of what it covers.
        for rule in [*sorted(rerun)[:1], *sorted(set(ran) - rerun)[:1]]:
            assert (code_digest(*ran[rule][1]) != before[rule]) == (rule in rerun), (name, rule)
        path.write_text(text)
        uses = {rule for rule, (files, _) in ran.items() if name in files and not is_left_out(name)}
        assert uses <= rerun, f"{name} is imported by jobs of {sorted(uses - rerun)}, which would not run again"
        needless = {rule for rule in rerun - uses if name in eager[rule]}
        assert not needless, f"{name} would run {sorted(needless)} again, whose jobs import it only when they need not"
        checked += 1
    assert checked > 150


def names_of(files: set[Path], root: Path) -> set[str]:
    return {file.relative_to(root).as_posix() for file in files}


def test_imports_can_be_followed(repository):
    """No module asks for another by a name that is made at run time."""
    offenders = []
    # What the package itself offers to users no job asks for.
    front = repository / "src/unsmear/__init__.py"
    for path in {*(repository / "src").rglob("*.py")} - {front}:
        calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
        offenders += [str(path)] if names & {"import_module", "__import__", "exec", "run_module"} else []
    assert offenders == []
