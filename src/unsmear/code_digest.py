"""Digest of source code that a comment or a docstring does not change.

The workflow gives each rule the digest of the packages that it uses, so that a result is made
anew when the code behind it changed, and only then.
"""

from __future__ import annotations

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent
SUFFIXES = (".py", ".cpp", ".h", ".html", ".css", ".js")


def code_digest(*names: str) -> str:
    """Digest of modules and packages of unsmear.

    Parameters
    ----------
    names : such as ``optics`` (with all its modules) or ``cascade/spec.py``

    Raises
    ------
    ValueError
        If nothing has that name.
    """
    digest = hashlib.sha256()
    for name in sorted(names):
        path = ROOT / name
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if path.is_dir() else [path]
        if not files or not files[0].is_file():
            raise ValueError(f"no module or package {name} in {ROOT}")
        for file in files:
            digest.update(f"{file.relative_to(ROOT).as_posix()}\n{_file_digest(file)}\n".encode())
    return digest.hexdigest()[:16]


@cache
def _file_digest(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return source_digest(text)
    return cpp_digest(text) if path.suffix in (".cpp", ".h") else hashlib.sha256(text.encode()).hexdigest()


def cpp_digest(source: str) -> str:
    """Digest of C++ without comments to the end of a line and layout."""
    return hashlib.sha256(" ".join(re.sub(r"//[^\n]*", "", source).split()).encode()).hexdigest()


def source_digest(source: str) -> str:
    """Digest of a module's syntax tree without docstrings, comments and layout."""
    tree = ast.parse(source)
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
