"""Names of sequences as a user writes them: `train/000-009`, `004`, a number, or all."""

from __future__ import annotations

import re
from collections.abc import Iterable

NUM_SEQUENCES = {"train": 240, "val": 30}
_RANGE = re.compile(r"(\d{3})(?:-(\d{3}))?")


def expand_names(texts: Iterable[str]) -> list[str]:
    """Sequence names of a list of three-digit names and ranges, in order, each once.

    Raises
    ------
    ValueError
        If an item is neither `004` nor `010-019`, or a range runs backwards.
    """
    names: dict[str, None] = {}
    for text in texts:
        match = _RANGE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a sequence; write three digits or a range, such as 004 or 010-019")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"the range {text!r} runs backwards; write {last:03d}-{first:03d}")
        names.update({f"{number:03d}": None for number in range(first, last + 1)})
    return list(names)


def expand_selection(texts: Iterable[str]) -> list[tuple[str, str]]:
    """(part, sequence) pairs of items such as `train/000-009` or `val/000`, sorted, each once.

    Raises
    ------
    ValueError
        If an item has another form, or names a sequence that REDS does not have.
    """
    pairs = set()
    for text in texts:
        part, slash, names = str(text).strip().partition("/")
        if not slash or part not in NUM_SEQUENCES:
            raise ValueError(f"{text!r} is not a selection; write train/000-009 or val/000")
        for name in expand_names([names]):
            if int(name) >= NUM_SEQUENCES[part]:
                raise ValueError(f"{text!r}: there is no {part}/{name}; {part} has 000-{NUM_SEQUENCES[part] - 1:03d}")
            pairs.add((part, name))
    return sorted(pairs)


def select_sequences(sequences: str | int | Iterable[str]) -> list[tuple[str, str]]:
    """(part, sequence) pairs of REDS that `data.reds.sequences` asks for.

    A number is shared out as in the full set, 8 train to 1 val, with at least two of train
    (train and val split) and one of val (test split), from the first on.
    """
    full = [(part, f"{k:03d}") for part, count in NUM_SEQUENCES.items() for k in range(count)]
    if isinstance(sequences, str) and sequences == "all":
        return full
    if isinstance(sequences, int):
        num_val = max(1, round(sequences * NUM_SEQUENCES["val"] / len(full)))
        wanted = {"train": sequences - num_val, "val": num_val}
        return [(part, name) for part, name in full if int(name) < wanted[part]]
    return expand_selection([sequences] if isinstance(sequences, str) else sequences)
