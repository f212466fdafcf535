"""Which sequence comes from which file and goes to which split: what the workflow plans with.

Only light imports here: this runs whenever the workflow is parsed.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from unsmear.files import is_ignored
from unsmear.frames.archive import describe_members, list_sequences
from unsmear.frames.config import DataConfig
from unsmear.frames.names import says_blurred, says_slow
from unsmear.frames.numbering import check_numbers
from unsmear.frames.splits import ALL_SPLITS, SequenceRecord, SourceSequence, assign_splits


def find_archives(folder: str | Sequence[str]) -> list[Path]:
    """Zips that `data.archives.folder` names: those of folders, and those named themselves, sorted by name.

    Raises
    ------
    ValueError
        If a path does not exist, or there is no zip.
    """
    found: dict[Path, None] = {}
    for path in map(Path, [folder] if isinstance(folder, str) else folder):
        if path.is_dir():
            zips = (p for p in path.iterdir() if p.suffix.lower() == ".zip" and not is_ignored(p.name))
            found.update(dict.fromkeys(sorted(zips)))
        elif path.is_file():
            found[path] = None
        else:
            raise ValueError(f"data.archives.folder: {path} does not exist; name a folder with zips, or zips")
    if not found:
        places = map(Path, [folder] if isinstance(folder, str) else folder)
        names = sorted(p.name for place in places for p in place.iterdir() if not is_ignored(p.name))
        there = f", only {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}" if names else ""
        raise ValueError(f"data.archives.folder: no .zip in {folder}{there}; put archives in REDS layout there")
    return list(found)


def scan_archives(paths: Iterable[str | Path]) -> list[SourceSequence]:
    """Sequences of zips in REDS layout, from their directories alone.

    Those of REDS' sets of 24 frames a second are warned about.

    Raises
    ------
    ValueError
        If an archive cannot be read, holds no sequence or blurred ones, or lacks frames of one.
    """
    sources, slow = [], []
    for path in paths:
        listing = list_sequences(path)
        if not listing:
            raise ValueError(
                f"{path}: no member like train/train_orig/000/00000000.png; the archive is not in REDS layout, "
                f"it holds {describe_members(path)}"
            )
        for (part, name), frames in listing.items():
            place = f"{Path(path).name}/{frames[0][1] if frames else ''}"
            if says_blurred(place):
                raise ValueError(
                    f"{path}: sequence {part}/{name} is blurred already, by its name ({place}); take sharp frames at a "
                    "high rate instead, of REDS the zips train_orig_part0.zip to val_orig_part1.zip"
                )
            if says_slow(place):
                slow.append(f"{part}/{name}")
            if frames:
                check_numbers(frames, f"{path}: sequence {part}/{name}")
        sources += [SourceSequence(part, name, str(path), len(f)) for (part, name), f in listing.items()]
    if slow:
        warnings.warn(
            f"{len(slow)} sequences are, by their names, of REDS' set of 24 frames a second, whose mean shows steps "
            f"instead of blur; take the zips of 120 (train_orig_part0.zip ...): {', '.join(slow[:8])}",
            stacklevel=2,
        )
    return sources


def plan_sequences(
    data: DataConfig,
    sources: Iterable[SourceSequence] | None = None,
    val_sequences: int | Sequence[str] | None = None,
    needed: Collection[str] = ALL_SPLITS,
) -> list[SequenceRecord]:
    """All sequences of the configured source with their splits, sorted by split and sequence.

    Parameters
    ----------
    data : the `data` section
    sources, val_sequences : for the built-in scenes, whose archives need not exist yet: the sequences
        that they will hold, and which of the train part form the val split.
    needed : splits that must not be empty

    Raises
    ------
    ValueError
        See `scan_archives` and `assign_splits`.
    """
    if data.source == "scenes":
        if sources is None:
            raise ValueError("the built-in scenes' sequences must be given")
    elif data.source == "archives":
        sources = scan_archives(find_archives(data.archives.folder))
        val_sequences = data.archives.val_sequences
    elif data.source == "reds":
        from unsmear.frames.reds import list_reds

        sources, val_sequences = list_reds(data.reds, data.max_frames), data.reds.val_sequences
    elif data.source == "folders":
        from unsmear.frames.folders import plan_folders

        return plan_folders(data.folders, data.frames_per_group, data.max_frames, needed, data.all_test)
    else:
        from unsmear.frames.videos import plan_videos

        return plan_videos(data.videos, data.frames_per_group, data.max_frames, needed, data.all_test)
    key = "scenes" if data.source == "scenes" else f"data.{data.source}"
    return assign_splits(sources, val_sequences, data.frames_per_group, data.max_frames, needed, data.all_test, key)
