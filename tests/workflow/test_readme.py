"""What the README and the rule graph say is there."""

from __future__ import annotations

import re
import subprocess
import sys


def test_rule_graph_is_in_step(repository):
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    graph = "\n".join(line for line in done.stdout.splitlines() if "style" not in line).strip()
    shown = re.search(r"```mermaid\n(.*?)\n```", (repository / "docs/workflow.md").read_text(), re.DOTALL)[1]
    # Snakemake numbers rules in an order of its own; edges between names are what counts.
    assert edges(shown) == edges(graph), "the graph is stale; put what `make graph` prints into docs/workflow.md"


def edges(graph: str) -> set[tuple[str, str]]:
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", graph))
    assert len(set(names.values())) == len(names), "a rule is there twice"
    found = {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", graph)}
    assert len(found) > 20
    return found


def test_named_files_and_targets_exist(repository):
    text = (repository / "README.md").read_text()
    for path in re.findall(r"(?:docs|config|profiles|benchmarks)/[\w./-]+\w", text):
        assert (repository / path).exists(), path
    makefile = (repository / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "PLACEHOLDER" not in text
