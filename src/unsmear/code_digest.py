"""Digest of a module and of all that it imports, which a comment or a docstring does not change.

The workflow gives each rule the digest of the modules that its script calls, so that a result is made
anew when the code behind it changed, and only then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from unsmear.parsed_sources import Source, parsed_sources

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
    parsed_sources().save()
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


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


@cache
def _read(path: Path, age: int) -> Source:
    return parsed_sources().parse(path)


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
