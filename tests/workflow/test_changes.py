"""The table of docs/workflow.md, line by line: what a change reruns in a finished project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rules import CODE, and_what_follows, read_graph

from conftest import Project
from unsmear import code_digest as digests

pytestmark = pytest.mark.slow

DOCS = (Path(__file__).resolve().parents[2] / "docs/workflow.md").read_text()


def read_table(head: str) -> list[list[str]]:
    """Cells of the table whose head begins so."""
    lines = DOCS[DOCS.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


BUNDLES = {name: re.findall(r"`(\w+)`", rules) for name, rules in read_table("in the table")}
CHANGES = read_table("change")
ADDED = {
    "a statement in": b"CHANGED = 1\n",
    "a comment in": b"# A remark.\n",
    "a line in": b"<p>Changed</p>\n",
}


def rules_of(text: str) -> set[str]:
    """Rules that a cell names, by themselves or by a bundle."""
    words = re.findall(r"[\w ]+", text.replace("`", ""))
    return {rule for word in words for rule in BUNDLES.get(word.strip(), [word.strip()])} - {"nothing"}


@contextmanager
def changed(project: Project, how: str) -> Iterator[list[str]]:
    """Make the change that a cell describes; options of Snakemake for a change of the configuration."""
    if how.startswith("`--"):
        yield shlex.split(how.strip("`"))
        return
    what, path = re.fullmatch(r"(.*) `(.*)`", how).groups()
    file = project.folder / path
    content, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    if what == "remove":
        file.unlink()
    else:
        file.write_bytes(content + ADDED[what])
    yield []
    file.write_bytes(content)
    os.utime(file, ns=times)


@pytest.fixture(scope="module")
def project(finished_once, tmp_path_factory) -> Project:
    folder = tmp_path_factory.mktemp("changes") / "project"
    shutil.copytree(finished_once.folder, folder, symlinks=True)
    return Project(folder)


def test_there_are_enough_of_all_kinds():
    assert len(CHANGES) >= 15 and len({change for change, *_ in CHANGES}) == len(CHANGES)
    assert sum("--config" in how for _, how, *_ in CHANGES) >= 10 and any("statement" in how for _, how, *_ in CHANGES)


# Of edits two are planned: what Snakemake makes of another digest is always the same.
PLANNED = [row for row in CHANGES if " in `" not in row[1] or row[0] in ("code of the exposure", "words in the code")]
EDITS = [row for row in CHANGES if " in `" in row[1]]


@pytest.fixture(scope="module")
def edges(project) -> set[tuple[str, str]]:
    return read_graph(project.run("--rulegraph", "mermaid-js", "--forceall"))


@pytest.mark.parametrize(("change", "how", "reruns", "of"), EDITS, ids=[change for change, *_ in EDITS])
def test_edit_changes_the_digests_that_the_table_says(project, edges, monkeypatch, change, how, reruns, of):
    monkeypatch.setattr(digests, "ROOT", project.folder / "src/unsmear")
    there = {rule for edge in edges for rule in edge}

    def digest_rules() -> dict[str, str]:
        return {rule: digests.code_digest(*names) for rule, (_, names) in CODE.items() if names and rule in there}

    before = digest_rules()
    with changed(project, how):
        after = digest_rules()
    first = {rule for rule in before if after[rule] != before[rule]}
    assert and_what_follows(first, edges) - {"all"} == rules_of(reruns)


@pytest.mark.parametrize(("change", "how", "reruns", "of"), PLANNED, ids=[change for change, *_ in PLANNED])
def test_change_reruns_what_the_table_says(project, change, how, reruns, of):
    with changed(project, how) as options:
        text = project.run("--dry-run", *options)
    table = re.search(r"^job +count\n[- ]+\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    found = set(re.findall(r"^(\w+) +\d+$", table[1], re.MULTILINE)) if table else set()
    assert found - {"all", "total"} == rules_of(reruns)
    systems = set(re.findall(r"wildcards: system=(\w+), stage", text)) | set(
        re.findall(r"^rule render_blur:\n(?:    .*\n)*?    wildcards: camera=(\w+)", text, re.MULTILINE)
    )
    assert not of or systems == set(of.strip("`").split()), text[-3000:]
