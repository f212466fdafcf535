"""Folders of pictures below one folder: where they lie, and what each is called."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unsmear.files import is_ignored
from unsmear.frames.names import natural_key, says_blurred
from unsmear.frames.picture_list import SUFFIXES

OTHER_PICTURES = {".bmp", ".dng", ".exr", ".gif", ".heic", ".jp2", ".npy", ".ppm", ".raw", ".tif", ".tiff", ".webp"}
TOP_FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True)
class ImageFolder:
    """A folder of numbered pictures: its path, its name in tables, and the top folder's split, if it names one."""

    path: Path
    name: str
    split: str | None


def find_folders(root: str | Path) -> list[ImageFolder]:
    """Folders below ``root``, itself included, that hold PNG or JPG files, in natural order.

    A name is the path below ``root`` without what all have in common, and without train, val or test at its top.
    Blurred pictures, as `GOPR0372_07_00/blur`, are left out with a warning.

    Raises
    ------
    ValueError
        If there is none, or two would have one name.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"data.folders.folder: {root} is no folder; name the one with your folders of pictures")
    found, blurred, others = _walk(root)
    if blurred:
        _tell_blurred(root, blurred, bool(found))
    if not found:
        kinds = f"only {', '.join(sorted(others))} files" if others else "no picture"
        raise ValueError(f"data.folders.folder: {root} and its folders hold {kinds}; PNG and JPG are read")
    paths = [path.relative_to(root).parts for path in found]
    start = _num_common(paths)
    paths = [parts[start:] for parts in paths]
    splits = [TOP_FOLDERS.get(parts[0].lower()) if parts else None for parts in paths]
    paths = [parts[1:] if split else parts for parts, split in zip(paths, splits, strict=True)]
    while len(paths) > 1 and all(len(parts) > 1 and parts[-1] == paths[0][-1] for parts in paths):
        paths = [parts[:-1] for parts in paths]
    names = [re.sub(r"[^\w-]", "_", "-".join(parts) or path.name) for parts, path in zip(paths, found, strict=True)]
    seen: dict[tuple[str | None, str], Path] = {}
    for path, split, name in zip(found, splits, names, strict=True):
        if (other := seen.setdefault((split, name), path)) is not path:
            raise ValueError(f"data.folders: {other} and {path} would both be called {name}; rename one")
    return [ImageFolder(path, name, split) for path, split, name in zip(found, splits, names, strict=True)]


def _num_common(paths: Sequence[tuple[str, ...]]) -> int:
    """How many parts all paths begin with."""
    if len(paths) < 2:
        return 0
    alike = [len(set(parts)) == 1 for parts in zip(*paths, strict=False)]
    return alike.index(False) if False in alike else len(alike)


def _walk(root: Path) -> tuple[list[Path], list[Path], set[str]]:
    """Folders with pictures, those of blurred ones, and suffixes of pictures that are not read."""
    found: list[Path] = []
    blurred: list[Path] = []
    others, seen = set(), set()
    for place, below, files in os.walk(root, followlinks=True):
        relative = Path(place).relative_to(root).as_posix()
        # Links may lead in circles.
        if (real := os.path.realpath(place)) in seen:
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted((name for name in below if not is_ignored(name)), key=natural_key)
        suffixes = {Path(name).suffix.lower() for name in files if not is_ignored(name)}
        others |= suffixes & OTHER_PICTURES
        if suffixes & SUFFIXES:
            name = root.name if relative == "." else relative
            (blurred if says_blurred(name) else found).append(Path(place))
    return sorted(found, key=lambda path: natural_key(path.as_posix())), blurred, others


def _tell_blurred(root: Path, blurred: Sequence[Path], has_others: bool) -> None:
    text = f"{len(blurred)} folders are blurred already, by their names ({blurred[0]})"
    if not has_others:
        raise ValueError(f"data.folders.folder: {text}; name one of sharp frames at a high rate instead of {root}")
    warnings.warn(
        f"{text}, and are left out; sharp pictures that come with blurred ones are often but one frame of each, "
        "so take the set with all frames (of GoPro: GOPRO_Large_all)",
        stacklevel=3,
    )
