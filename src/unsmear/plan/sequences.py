"""The sequences of all sources, and how they are cut into parts that one job takes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

from unsmear.config import Config
from unsmear.frames.layout import SequenceRecord, SourceSequence, plan_sequences
from unsmear.scenes.archives import list_archives, sequence_name


def plan_records(
    config: Config, warn: Callable[[str], object], folder: str = "results/archives"
) -> list[SequenceRecord]:
    """Sequences of the configured source, with the archive and the split of each.

    Parameters
    ----------
    warn : called with each warning, such as sequences that are too short
    folder : where archives are made or fetched

    Raises
    ------
    ValueError
        If archives are missing or unreadable, or a split would be empty.
    """
    sources, val = None, None
    if config.data.source == "scenes":
        scenes = config.scenes
        sources = [
            SourceSequence(
                archive.split("_")[0],
                sequence_name(scenes, split, number),
                f"{folder}/{archive}.zip",
                scenes.num_frames(split),
            )
            for archive, entries in list_archives(scenes).items()
            for split, number in entries
        ]
        val = [sequence_name(scenes, "val", number) for number in range(scenes.val_sequences)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        records = plan_sequences(config.data, sources, val)
    for entry in caught:
        warn(str(entry.message))
    if config.data.source == "reds":
        return [replace(record, archive=f"{folder}/{record.archive}") for record in records]
    return records


def split_into_parts(sequences: Sequence[str], size: int) -> dict[str, list[str]]:
    """Cut sequences into parts of at most ``size``, named after their first sequence."""
    return {sequences[i]: list(sequences[i : i + size]) for i in range(0, len(sequences), size)}
