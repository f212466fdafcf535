"""Trees of image folders: which folder is a sequence, what it is called, and to which split it goes."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from unsmear.files import is_ignored
from unsmear.frames.config import FoldersConfig
from unsmear.frames.names import natural_key, says_blurred
from unsmear.frames.picture_list import SUFFIXES, list_pictures
from unsmear.frames.splits import ALL_SPLITS, SequenceRecord, choose_val, refuse_doubles

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


def plan_folders(
    folders: FoldersConfig,
    frames_per_group: int,
    max_frames: int | None = None,
    needed: Collection[str] = ALL_SPLITS,
    all_test: bool = False,
) -> list[SequenceRecord]:
    """Give each folder of pictures below `data.folders.folder` its split.

    Parameters
    ----------
    needed : splits that must not be empty
    all_test : give the test split to all of them

    Raises
    ------
    ValueError
        If there is no folder with pictures, numbers come twice or skip more often than now and then, names
        of a split are not there, or a split is empty.
    """
    usable, lengths, short = [], {}, []
    for entry in find_folders(folders.folder):
        length = len(list_pictures(entry.path, frames_per_group, max_frames))
        if length < frames_per_group:
            short.append(entry.name)
            continue
        usable.append(entry)
        lengths[entry.path] = length
    if short:
        text = f"{len(short)} folders have fewer than {frames_per_group} frames in a row and are skipped: "
        warnings.warn(text + ", ".join(short[:8]), stacklevel=2)
    if all_test:
        remedy = "name one of their top folders instead, or leave out all_test"
        refuse_doubles(((entry.name, str(entry.path)) for entry in usable), remedy)
    splits = dict.fromkeys((entry.path for entry in usable), "test") if all_test else _split(usable, folders)
    for split in needed:
        if split not in splits.values():
            raise ValueError(
                f"data.folders: the {split} split is empty; {folders.folder} has {len(usable)} folders with "
                f"{frames_per_group} frames or more, and at least one for each of {', '.join(needed)} is needed"
            )
    return sorted(
        SequenceRecord(splits[entry.path], entry.name, str(entry.path), "folder", lengths[entry.path])
        for entry in usable
        if entry.path in splits
    )


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


def _split(folders: Sequence[ImageFolder], config: FoldersConfig) -> dict[Path, str]:
    """Split of each folder that has one: by the lists where these are given, else by the top folders."""
    tops = {entry.split for entry in folders}
    chosen: dict[Path, str] = {}
    wanted = {"test": config.test, "val": config.val}
    for split in sorted(wanted, key=lambda split: isinstance(wanted[split], int)):
        choice = wanted[split]
        # Without a top folder for tests that for validation is the test split, as in REDS.
        top = "val" if split == "test" and "test" not in tops and config.val is None else split
        rest = [entry for entry in folders if entry.path not in chosen]
        if isinstance(choice, int):
            others = [entry for entry in rest if entry.split in (None, "train")]
            chosen |= {entry.path: split for entry in others[len(others) - choice :]}
        elif choice is not None:
            for pattern in choice:
                hits = [entry for entry in folders if _matches(entry, pattern, config.folder)]
                if not hits:
                    raise ValueError(f"data.folders.{split}: no folder is called {pattern}; there are {_some(folders)}")
                if twice := [entry.name for entry in hits if chosen.get(entry.path, split) != split]:
                    raise ValueError(f"data.folders: {twice[0]} is both in val and in test; name it once")
                chosen |= {entry.path: split for entry in hits}
        elif hits := [entry for entry in rest if entry.split == top]:
            chosen |= {entry.path: split for entry in hits}
        elif split == "test":
            raise ValueError(
                f"data.folders.test: there is no top folder test in {config.folder}; list folders for the test split "
                f"or say how many; there are {_some(folders)}"
            )
    train = [entry for entry in folders if entry.path not in chosen and entry.split in (None, "train")]
    if "val" not in chosen.values() and len(train) > 1:
        last = choose_val([f"{index:06d}" for index in range(len(train))], None)
        chosen |= {entry.path: "val" for index, entry in enumerate(train) if f"{index:06d}" in last}
    return {**{entry.path: "train" for entry in train}, **chosen}


def _matches(entry: ImageFolder, pattern: str, root: str) -> bool:
    relative = entry.path.relative_to(Path(root).expanduser()).as_posix()
    return fnmatchcase(entry.name, pattern) or fnmatchcase(relative, pattern.rstrip("/"))


def _some(folders: Sequence[ImageFolder]) -> str:
    return ", ".join(entry.name for entry in folders[:8]) + (", ..." if len(folders) > 8 else "")
