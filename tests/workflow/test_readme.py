"""What the README and the rule graph say is there."""

from __future__ import annotations

import re
import subprocess
import sys

from rules import read_graph


def test_rule_graph_is_in_step(repository):
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    graph = "\n".join(line for line in done.stdout.splitlines() if "style" not in line).strip()
    shown = re.search(r"```mermaid\n(.*?)\n```", (repository / "docs/workflow.md").read_text(), re.DOTALL)[1]
    # Snakemake numbers rules in an order of its own; edges between names are what counts.
    assert read_graph(shown) == read_graph(graph), (
        "the graph is stale; put what `make graph` prints into docs/workflow.md"
    )


def test_named_files_and_targets_exist(repository):
    text = (repository / "README.md").read_text()
    for path in re.findall(r"(?:docs|config|profiles|benchmarks)/[\w./-]+\w", text):
        assert (repository / path).exists(), path
    makefile = (repository / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "PLACEHOLDER" not in text


def test_demo_is_few_jobs_and_fits_a_terminal(repository, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(repository / "Snakefile"), "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(re.search(r"^total +(\d+)$", done.stdout, re.MULTILINE)[1]) <= 120
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 400
