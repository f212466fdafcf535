"""Digest of a module and of all that it imports, which a comment or a docstring does not change.

The workflow gives each rule the digest of the modules that its script calls, so that a result is made
anew when the code behind it changed, and only then.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unsmear.cache import cache_folder
from unsmear.files import write_text

ROOT = Path(__file__).parent
# On results: records of runs, lines of progress, the plan of jobs, and downloads, which their SHA-256 checks.
WITHOUT_EFFECT = (
    *("tracking", "plan", "provenance.py", "training/progress.py", "training/pictures.py"),
    *("cache.py", "fetch.py", "http.py", "retry.py"),
)
# What a module may read beside itself: compiled kernels and templates of pages.
SOURCES = (".cpp", ".h", ".html", ".css", ".js")


def code_digest(*modules: str, without: Sequence[str] = WITHOUT_EFFECT) -> str:
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
    _parsed().save()
    return digest.hexdigest()[:16]


def find_sources(modules: Sequence[str], without: Sequence[str] = WITHOUT_EFFECT, lazy: bool = True) -> set[Path]:
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
    found, folders = set[Path](), set[Path]()
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
        if lazy and path.parent not in folders:
            folders.add(path.parent)
            found.update(_beside(path.parent))
        source = _read(path, _age(path))
        for name in source.imports | source.lazy_imports if lazy else source.imports:
            waiting += _files_of(name, ROOT)
    return found


@dataclass(frozen=True)
class Source:
    """Digest of a file, and dotted names that it may import: all modules, or names inside modules."""

    digest: str
    imports: frozenset[str] = frozenset()
    lazy_imports: frozenset[str] = frozenset()


class ParsedSources:
    """What files were parsed to, by the digest of their text, so that a start of the workflow parses only what is new.

    Parameters
    ----------
    path : kept there; where that cannot be read or written, everything is parsed
    """

    def __init__(self, path: Path) -> None:
        self._path, self._kept = path, dict[str, Source]()
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            for text, (digest, *imports) in json.loads(path.read_text(encoding="utf-8")).items():
                self._kept[text] = Source(digest, *map(frozenset, imports))
        self._num_saved = len(self._kept)

    def parse(self, path: Path) -> Source:
        """As :func:`parse_source`, of a file."""
        text = path.read_text(encoding="utf-8")
        key = _sha256(f"{path.suffix} {text}")
        if key not in self._kept:
            self._kept[key] = parse_source(text, path)
        return self._kept[key]

    def save(self) -> None:
        """Keep what is new; of several that save at once one loses its part."""
        if len(self._kept) == self._num_saved:
            return
        self._num_saved = len(self._kept)
        rows = {
            text: (source.digest, sorted(source.imports), sorted(source.lazy_imports))
            for text, source in self._kept.items()
        }
        with contextlib.suppress(OSError):
            write_text(self._path, json.dumps(rows))


@cache
def _parsed() -> ParsedSources:
    # Another parser, by this module or by Python, starts anew.
    parser = _sha256(f"{sys.version} {Path(__file__).read_text(encoding='utf-8')}")[:16]
    return ParsedSources(cache_folder() / "code" / f"{parser}.json")


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


@cache
def _read(path: Path, age: int) -> Source:
    return _parsed().parse(path)


def parse_source(text: str, path: Path) -> Source:
    """Digest of a file without what computes nothing (docstrings, comments and layout), and what it imports."""
    if path.suffix != ".py":
        if path.suffix in (".cpp", ".h"):
            text = " ".join(re.sub(r"//[^\n]*", "", text).split())
        return Source(_sha256(text))
    tree, imports, lazy_imports = ast.parse(text), set[str](), set[str]()
    _take_out(tree, path, imports, lazy_imports)
    digest = _sha256(ast.dump(tree, include_attributes=False))
    return Source(digest, frozenset(imports), frozenset(lazy_imports - imports))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _files_of(name: str, root: Path) -> list[Path]:
    """The module that a dotted name is, or is in, and the packages around it: all that importing it runs."""
    parts = name.split(".")[1:]
    folders = [root.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
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


def _take_out(node: ast.AST, path: Path, imports: set[str], lazy_imports: set[str]) -> None:
    """Remove docstrings, and collect the dotted names below this package that the code imports.

    What stands below TYPE_CHECKING never runs.
    """
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest or [ast.Pass()]
    package = ROOT.name
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                imports.update(alias.name for alias in child.names if alias.name.split(".")[0] == package)
            case ast.ImportFrom(level=0, module=str(module)):
                if module.split(".")[0] == package:
                    imports.update(f"{module}.{alias.name}" for alias in child.names)
            case ast.ImportFrom():
                raise ValueError(f"{path}, line {child.lineno}: a relative import; write it from {package} on")
            case ast.Constant(value=str(text)) if text.startswith(f"{package}."):
                # What another Python runs: python -m unsmear.training.
                if re.fullmatch(r"\w+(\.\w+)+", text):
                    lazy_imports.add(f"{text}.__main__")
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                pass
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                _take_out(child, path, lazy_imports, lazy_imports)
            case _:
                _take_out(child, path, imports, lazy_imports)
