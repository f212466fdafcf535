"""What rules say of themselves: the script of each, the modules that its digest names, and which rule follows which."""

from __future__ import annotations

import re
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "workflow/rules"


def read_rules() -> dict[str, tuple[str, list[str]]]:
    """Rule to its script and the modules that its digest names."""
    found = {}
    for path in sorted(RULES.glob("*.smk")):
        for name, block in re.findall(r"^ *rule (\w+):\n(.*?)(?=^\S|^ *rule |\Z)", path.read_text(), re.M | re.S):
            modules = re.search(r"code=code_digest\((.*?)\)", block, re.S)
            script = re.search(r"scripts/(\w+)\.py", block)
            if script:
                found[name] = (script[1], re.findall(r'"([^"]+)"', modules[1]) if modules else [])
    return found


CODE = read_rules()


def read_graph(text: str) -> set[tuple[str, str]]:
    """Pairs of a rule and one that follows it, from ``--rulegraph mermaid-js``.

    Raises
    ------
    ValueError
        If a rule is there twice.
    """
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", text))
    if len(set(names.values())) < len(names):
        raise ValueError("a rule is in the graph twice")
    return {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", text)}


def and_what_follows(rules: set[str], edges: set[tuple[str, str]]) -> set[str]:
    """These rules and all that follow them."""
    while new := {after for before, after in edges if before in rules} - rules:
        rules = rules | new
    return rules
