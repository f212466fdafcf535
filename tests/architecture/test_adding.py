"""What docs/adding says is there, and what it leaves to be checked: keywords of scripts, captions of figures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted((REPOSITORY / "docs/adding").glob("*.md"))
BINDERS = sorted(path for path in (REPOSITORY / "workflow/scripts").glob("*.py") if path.name != "_src.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_page_is_short_and_names_files_and_a_test_that_are_there(page):
    text = page.read_text()
    names = re.findall(r"`((?:src|tests|workflow|profiles|config|docs)/[\w./-]+)`", text)
    there = [name for name in names if "mine" not in name]
    assert [name for name in there if not (REPOSITORY / name).exists()] == []
    assert any(name.startswith("tests/") for name in there) and len(text.splitlines()) <= 45


@pytest.mark.parametrize("binder", BINDERS, ids=lambda path: path.stem)
def test_keywords_of_a_script_are_those_of_the_function(binder):
    tree = ast.parse(binder.read_text())
    modules = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("unsmear.")
        for alias in node.names
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in calls:
        if call.func.id not in modules:
            continue
        source = REPOSITORY / "src" / (modules[call.func.id].replace(".", "/") + ".py")
        given = {keyword.arg for keyword in call.keywords if keyword.arg}
        [found] = [n for n in ast.parse(source.read_text()).body if getattr(n, "name", "") == call.func.id]
        if isinstance(found, ast.ClassDef):
            known = {node.target.id for node in found.body if isinstance(node, ast.AnnAssign)}
        else:
            known = {argument.arg for argument in (*found.args.args, *found.args.kwonlyargs)}
        assert given <= known, f"{binder.name}: {found.name} has no {sorted(given - known)}"


def test_every_figure_has_both_captions():
    from unsmear.plan.compared import FIGURES

    planned = (*FIGURES, "robustness", "training_curves")
    page = (REPOSITORY / "src/unsmear/report/page/templates/figures.html").read_text()
    for name in planned:
        assert (REPOSITORY / f"workflow/report/{name}.rst").is_file() and f'"{name}": (' in page, name
