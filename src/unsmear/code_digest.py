"""Digest of a module and of all that it imports, which a comment or a docstring does not change.

The workflow gives each rule the digest of the modules that its script calls, so that a result is made
anew when the code behind it changed, and only then.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent
# Records of runs and lines of progress change no result.
RECORDING = ("tracking", "provenance.py", "training/progress.py", "training/pictures.py")
# What a module may read beside itself: compiled kernels and templates of pages.
SOURCES = (".cpp", ".h", ".html", ".css", ".js")


def code_digest(*modules: str, without: Sequence[str] = RECORDING) -> str:
    """Digest of modules of this package and of all that they import from it.

    Parameters
    ----------
    modules : such as ``evaluation/evaluate.py``
    without : modules and packages that change no result

    Raises
    ------
    ValueError
        If there is no such module.
    """
    digest = hashlib.sha256()
    for path in sorted(find_sources(modules, without)):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\n{_read(path, _age(path)).digest}\n".encode())
    return digest.hexdigest()[:16]


def find_sources(modules: Sequence[str], without: Sequence[str] = RECORDING, lazy: bool = True) -> set[Path]:
    """Files of all modules that importing and running ``modules`` may import, and sources that lie beside them.

    Parameters
    ----------
    modules, without : as in :func:`code_digest`
    lazy : whether imports inside functions count

    Raises
    ------
    ValueError
        If there is no such module.
    """
    left_out = [ROOT / name for name in without]
    found: set[Path] = set()
    waiting = [ROOT / name for name in modules]
    for path in waiting:
        if not path.is_file():
            raise ValueError(f"there is no module {path.relative_to(ROOT)} in {ROOT}; name one such as files.py")
    # Importing a module runs the packages that it is in first.
    waiting += [ROOT / parent / "__init__.py" for name in modules for parent in Path(name).parents]
    while waiting:
        path = waiting.pop()
        if path in found or any(path == other or other in path.parents for other in left_out):
            continue
        found.add(path)
        found.update(file for file in _beside(path.parent) if lazy)
        source = _read(path, _age(path))
        for name in source.imports | source.lazy_imports if lazy else source.imports:
            waiting += _files_of(name)
    return found


@dataclass(frozen=True)
class _Source:
    """Digest of a file, and dotted names that it may import: all modules, or names inside modules."""

    digest: str
    imports: frozenset[str] = frozenset()
    lazy_imports: frozenset[str] = frozenset()


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


@cache
def _read(path: Path, age: int) -> _Source:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return _Source(cpp_digest(text) if path.suffix in (".cpp", ".h") else hashlib.sha256(text.encode()).hexdigest())
    tree = ast.parse(text)
    imports = frozenset(_list_imports(tree, path, lazy=False))
    return _Source(_digest_tree(tree), imports, frozenset(_list_imports(tree, path, lazy=True)) - imports)


def _files_of(name: str) -> list[Path]:
    """The module that a dotted name is, or is in, and the packages around it: all that importing it runs."""
    parts = name.split(".")[1:]
    folders = [ROOT.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    candidates = [path for folder in folders for path in (folder / "__init__.py", folder.with_suffix(".py"))]
    return [path for path in candidates[:1] + candidates[2:] if path.is_file()]


def _beside(folder: Path) -> list[Path]:
    """Sources that are not Python, in a package's folder and below, but not in packages of their own."""
    found = []
    for path in folder.iterdir() if folder != ROOT else ():
        if path.is_dir() and not (path / "__init__.py").exists():
            found += _beside(path)
        elif path.suffix in SOURCES:
            found.append(path)
    return found


def _list_imports(tree: ast.AST, path: Path, lazy: bool) -> Iterable[str]:
    """Dotted names below this package that the code imports; what stands below TYPE_CHECKING never runs."""
    package = ROOT.name
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == package)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}, line {node.lineno}: a relative import; write it from {package} on")
            if node.module and node.module.split(".")[0] == package:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif lazy and isinstance(node, ast.Constant) and isinstance(node.value, str):
            # What another Python runs: python -m unsmear.training.
            if re.fullmatch(rf"{package}(\.\w+)+", node.value):
                yield f"{node.value}.__main__"
        elif lazy or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _list_imports(node, path, lazy)


def cpp_digest(source: str) -> str:
    """Digest of C++ without comments to the end of a line and layout."""
    return hashlib.sha256(" ".join(re.sub(r"//[^\n]*", "", source).split()).encode()).hexdigest()


def source_digest(source: str) -> str:
    """Digest of a module's syntax tree without docstrings, comments and layout."""
    return _digest_tree(ast.parse(source))


def _digest_tree(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree, include_attributes=False).encode()).hexdigest()
