"""docs/reliability.md names tests that are there, and enough of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def tables(repository: Path) -> dict[str, list[list[str]]]:
    """Rows of the table below each heading, as cells."""
    parts = re.split(r"^## (.+)$", (repository / "docs/reliability.md").read_text(), flags=re.MULTILINE)
    split = re.compile(r"(?<!\\)\|")
    return {
        heading: [[cell.strip() for cell in split.split(line)[1:-1]] for line in text.splitlines() if line[:1] == "|"][
            2:
        ]
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_every_named_test_is_there(repository, tables):
    rows = [row for table in tables.values() for row in table]
    assert all(len(row) == 4 and all(row) for row in rows)
    wanted = {tuple(name.split("::")) for row in rows for name in re.findall(r"`(tests/[^`]+)`", row[3])}
    assert all(re.search(r"`tests/[^`]+::test_\w+`", row[3]) for row in rows)
    defined = {
        file: {node.name for node in ast.walk(ast.parse((repository / file).read_text())) if hasattr(node, "name")}
        for file, _ in wanted
        if (repository / file).is_file()
    }
    assert sorted("::".join(name) for name in wanted if name[1] not in defined.get(name[0], ())) == []


def test_enough_is_tried(tables):
    faults = tables.pop("Faults")
    assert len(faults) >= 20
    assert sum(map(len, tables.values())) >= 60
