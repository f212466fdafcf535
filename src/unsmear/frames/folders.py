"""Folders of pictures as sequences: which are long enough, and to which split each goes."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from unsmear.frames.config import FoldersConfig
from unsmear.frames.folder_tree import ImageFolder, find_folders
from unsmear.frames.picture_list import list_pictures
from unsmear.frames.splits import ALL_SPLITS, SequenceRecord, choose_val, refuse_doubles


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
    if not usable:
        raise ValueError(
            f"data.folders.folder: no folder below {folders.folder} has {frames_per_group} frames in a row; name "
            "folders of longer sequences"
        )
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
