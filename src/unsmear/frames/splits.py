"""Sequences, and which of them are for training, validation and test."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

ALL_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, order=True)
class SourceSequence:
    """A sequence as its source holds it: ``num_frames`` frames of ``part`` (train or val) in ``archive``."""

    part: str
    sequence: str
    archive: str
    num_frames: int


@dataclass(frozen=True, order=True)
class SequenceRecord:
    """A sequence as the workflow uses it: ``archive`` and ``part`` to read, ``split`` to write."""

    split: str
    sequence: str
    archive: str
    part: str
    num_frames: int


def assign_splits(
    sources: Iterable[SourceSequence],
    val_sequences: int | Sequence[str] | None,
    frames_per_group: int,
    max_frames: int | None = None,
    needed: Collection[str] = ALL_SPLITS,
    all_test: bool = False,
    key: str = "data",
) -> list[SequenceRecord]:
    """Give each sequence its split: the train part gives train and val, the val part gives test.

    Sequences too short for one group are left out, with a warning that counts them. One without any
    frame stays, so that its extraction fails by name instead of passing unseen.

    Parameters
    ----------
    needed : splits that must not be empty
    all_test : give the test split to all of them, of either part
    key : of the configuration that names the sequences, for messages

    Raises
    ------
    ValueError
        If two archives hold the same sequence, ``val_sequences`` names one that is not there, or a
        split would be empty.
    """
    seen: dict[tuple[str, str], SourceSequence] = {}
    for source in sorted(sources):
        other = seen.setdefault((source.part, source.sequence), source)
        if other is not source:
            raise ValueError(
                f"sequence {source.part}/{source.sequence} is in {other.archive} and in {source.archive}; "
                "remove one of them"
            )
    usable = [s for s in seen.values() if s.num_frames == 0 or s.num_frames >= frames_per_group]
    short = [f"{s.part}/{s.sequence}" for s in seen.values() if s not in usable]
    if short:
        names = ", ".join(short[:8]) + (", ..." if len(short) > 8 else "")
        warnings.warn(
            f"{len(short)} sequences have fewer than {frames_per_group} frames and are skipped: {names}",
            stacklevel=2,
        )
    train = [s.sequence for s in usable if s.part == "train"]
    val = set(train)
    if all_test:
        refuse_doubles(
            ((s.sequence, f"{s.part}/{s.sequence} in {s.archive}") for s in usable),
            "give archives of one part, or leave out all_test, which tests on the val part alone",
        )
    elif val_sequences is not None or len(train) > 1:
        val = choose_val(train, val_sequences, known=[s.sequence for s in seen.values() if s.part == "train"])
    elif "train" in needed:
        val = set()
    records = []
    for s in usable:
        split = "test" if all_test or s.part == "val" else "val" if s.sequence in val else "train"
        length = s.num_frames if max_frames is None else min(s.num_frames, max_frames)
        records.append(SequenceRecord(split, s.sequence, s.archive, s.part, length))
    for split in needed:
        if not any(record.split == split for record in records):
            if all_test:
                raise ValueError(f"data.all_test: the test split is empty: no sequence has {frames_per_group} frames")
            if "train" not in needed:
                raise ValueError(
                    f"{key}: the test split is empty: the val part, which REDS tests on, has no sequence of "
                    f"{frames_per_group} frames; data.all_test: true tests on the train part, too"
                )
            have = ", ".join(f"{s.part}/{s.sequence}" for s in usable[:8]) or "none"
            raise ValueError(
                f"{key}: the {split} split is empty; at least two train sequences (for train and val) "
                f"and one val sequence (for test) of {frames_per_group} frames are needed; found: {have}"
            )
    return sorted(records)


def refuse_doubles(named: Iterable[tuple[str, str]], remedy: str) -> None:
    """Raise ValueError if two of (name, place) have one name: test sequences are told apart by it alone."""
    places: dict[str, str] = {}
    for name, place in named:
        if (other := places.setdefault(name, place)) != place:
            raise ValueError(f"data.all_test: {other} and {place} would both be test/{name}; {remedy}")


def choose_val(train: Sequence[str], wanted: int | Sequence[str] | None, known: Sequence[str] = ()) -> set[str]:
    """Names of the train sequences that form the val split; see `data.*.val_sequences`."""
    if wanted is None:
        wanted = max(1, len(train) // 10)
    if isinstance(wanted, int):
        if wanted >= len(train):
            raise ValueError(
                f"val_sequences takes {wanted} of {len(train)} train sequences, leaving none to train on; "
                "lower it or give more train sequences"
            )
        return set(sorted(train)[-wanted:])
    if missing := sorted(set(wanted) - set(train) - set(known)):
        raise ValueError(f"val_sequences names {', '.join(missing)}, which are not among the train sequences")
    return set(wanted)
