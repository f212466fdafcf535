"""What a source file computes, without docstrings, comments and layout, and which modules it imports."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unsmear.cache import cache_folder
from unsmear.files import write_text


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
def parsed_sources() -> ParsedSources:
    """Those in the cache folder. Another parser, by this module or by Python, starts anew."""
    parser = _sha256(f"{sys.version} {Path(__file__).read_text(encoding='utf-8')}")[:16]
    return ParsedSources(cache_folder() / "code" / f"{parser}.json")


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


def _take_out(node: ast.AST, path: Path, imports: set[str], lazy_imports: set[str]) -> None:
    """Remove docstrings, and collect the dotted names below this package that the code imports.

    What stands below TYPE_CHECKING never runs.
    """
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest or [ast.Pass()]
    package = "unsmear"
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
