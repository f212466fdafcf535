"""The sequences of all sources, and how they are cut into parts that one job takes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from unsmear.config import Config
from unsmear.frames.layout import plan_sequences
from unsmear.frames.splits import ALL_SPLITS, SequenceRecord, SourceSequence
from unsmear.plan import paths
from unsmear.plan.paths import fill
from unsmear.scenes.archives import list_archives, sequence_name


def plan_records(
    config: Config, warn: Callable[[str], object], folder: str = paths.ARCHIVES
) -> tuple[SequenceRecord, ...]:
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
        records = plan_sequences(config.data, sources, val, ALL_SPLITS if config.trains else ("test",))
    for entry in caught:
        warn(str(entry.message))
    if config.data.source == "reds":
        records = [replace(record, archive=f"{folder}/{record.archive}") for record in records]
    # Where nothing is trained, frames for training are not even extracted.
    return tuple(record for record in records if config.trains or record.split != "train")


def split_into_parts(sequences: Sequence[str], size: int) -> dict[str, list[str]]:
    """Cut sequences into parts of at most ``size``, named after their first sequence."""
    return {sequences[i]: list(sequences[i : i + size]) for i in range(0, len(sequences), size)}


@dataclass(frozen=True)
class SequencePlan:
    """The sequences of an experiment and their files.

    Parameters
    ----------
    together : whether one job takes all of them: built-in scenes are small, and change only all at once
    """

    records: tuple[SequenceRecord, ...]
    together: bool = False

    def names(self, split: str) -> list[str]:
        """Sequences of a split."""
        return [record.sequence for record in self.records if record.split == split]

    def of_split(self, pattern: str, split: str, sequences: Sequence[str] | None = None) -> list[str]:
        """Files of all sequences of a split, or of some."""
        chosen = self.names(split) if sequences is None else sequences
        return [fill(pattern, split=split, sequence=sequence) for sequence in chosen]

    def of_job(self, split: str | None = None, sequence: str | None = None) -> list[SequenceRecord]:
        """Sequences that one job extracts or renders: the one of its wildcards, or all."""
        return [r for r in self.records if sequence is None or (r.split, r.sequence) == (split, sequence)]

    def values_of_job(self, **wildcards: str) -> list[dict[str, str]]:
        """Name, part and archive of each of :meth:`of_job`, as plain values."""
        taken = self.of_job(wildcards.get("split"), wildcards.get("sequence"))
        return [{"split": r.split, "sequence": r.sequence, "part": r.part, "archive": r.archive} for r in taken]

    def files_of_job(self, pattern: str, **wildcards: str) -> list[str]:
        """Files of :meth:`of_job`; further wildcards are filled in as well."""
        taken = self.of_job(wildcards.get("split"), wildcards.get("sequence"))
        return [fill(pattern, **{**wildcards, "split": r.split, "sequence": r.sequence}) for r in taken]

    def outputs(self, pattern: str) -> list[str]:
        """What a rule that takes sequences declares: the pattern itself, or all files where one job takes all."""
        return self.files_of_job(pattern) if self.together else [pattern]

    @property
    def job_name(self) -> str:
        """Name of such a job in the path of its log."""
        return "all" if self.together else "{split}/{sequence}"
