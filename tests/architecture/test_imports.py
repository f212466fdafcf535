"""Which package may import which, and that no modules import each other in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

# Each line may import what stands in lines above it, and beside it; `tracking` may be imported from everywhere.
LAYERS = (
    {"cache", "files", "fetch", "http", "hub", "retry", "heap", "out_of_memory"}
    | {"provenance", "parsed_sources", "code_digest", "section", "tracking"},
    {"scenes", "frames", "optics", "motion", "networks", "kernels", "losses"},
    {"cascade"},
    {"weights"},
    {"training", "evaluation", "photos", "reconstruct"},
    {"comparison", "sweep", "export"},
    {"report", "results"},
    {"cluster", "config_faults", "config_systems", "config_trainings", "config_checks", "config", "schema"},
    {"plan"},
    {"cli", "app", "sharing"},
)
SIDEWAYS = "tracking"
# What models of MLflow need to run where they are loaded.
EXCEPTIONS = {("tracking", "cascade")}


@pytest.fixture(scope="module")
def graph(repository: Path) -> dict[str, set[str]]:
    """Module to the modules of the project that it imports, in functions too but not for types alone."""
    root = repository / "src"
    names = {}
    for path in (root / "unsmear").rglob("*.py"):
        names[".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")] = path
    assert len(names) > 150
    return {name: set(imported(ast.parse(path.read_text()), set(names))) - {name} for name, path in names.items()}


def imported(tree: ast.AST, known: set[str]):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from [member for member in members if member in known] or [node.module]
        else:
            yield from imported(node, known)


def package_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_packages_import_downwards(graph):
    layer = {package: number for number, packages in enumerate(LAYERS) for package in packages}
    pairs = [(a, b) for a, others in graph.items() for b in others if b != "unsmear"]
    edges = {(package_of(a), package_of(b)): f"{a} imports {b}" for a, b in pairs}
    assert {package for edge in edges for package in edge} <= set(layer), "give every package its place in LAYERS"
    upwards = {
        text
        for (a, b), text in edges.items()
        if a != b and b != SIDEWAYS and layer[b] > layer[a] and (a, b) not in EXCEPTIONS
    }
    assert upwards == set()


def test_no_circles(graph):
    # Raises CycleError, which names the circle.
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)
    packages: dict[str, set[str]] = {}
    for module, others in graph.items():
        packages.setdefault(package_of(module), set()).update(map(package_of, others))
    list(TopologicalSorter({a: bs - {a} for a, bs in packages.items()}).static_order())
