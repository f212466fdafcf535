"""Tidy tables of measures, one row per system, sequence, group and frame, as CSV files."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from unsmear.files import read_rows, write_atomically

KEY = ("system", "split", "sequence", "group", "frame")
# Enough for 1e-6 dB; rounding hides nothing that a table prints and keeps files small.
DECIMALS = 6


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return str(value) if math.isinf(value) else f"{value:.{DECIMALS}f}"
    return str(value)


def write_rows(path: str | Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows with equal keys, in their order; None and NaN become empty cells."""
    if not rows:
        raise ValueError(f"no row to write to {path}; the sequence has no frame group")
    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            assert row.keys() == rows[0].keys(), "rows of one table have the same columns"
            writer.writerow([_text(value) for value in row.values()])


def gather_sequences(csvs: Iterable[str | Path], output: str | Path, baselines: str | Path | None = None) -> None:
    """Join the tables of single sequences into one, sorted by split, sequence, group and frame.

    Parameters
    ----------
    output : table of the system's own rows
    baselines : table of the rows of the baselines beside it, whose names begin with the system's and a slash

    Raises
    ------
    ValueError
        If the tables differ in columns, hold several systems or splits, or a row comes twice.
    """
    rows: list[dict[str, str]] = []
    for path in csvs:
        table = read_rows(path)
        if rows and table and list(table[0]) != list(rows[0]):
            raise ValueError(
                f"{path} has other columns than the tables before it; evaluate all sequences with one config"
            )
        rows += table
    found = {"system": {row["system"].split("/")[0] for row in rows}, "split": {row["split"] for row in rows}}
    for name, values in found.items():
        if len(values) > 1:
            raise ValueError(
                f"tables of several {name}s cannot be joined: {', '.join(sorted(values))}; give one {name}"
            )
    rows.sort(key=lambda row: (row["split"], row["sequence"], int(row["group"]), int(row["frame"])))
    keys = [tuple(row[name] for name in KEY) for row in rows]
    if len(set(keys)) < len(keys):
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise ValueError(f"the row {'/'.join(twice)} comes twice; give each sequence's table once")
    write_rows(output, [row for row in rows if "/" not in row["system"]])
    if baselines is not None:
        write_rows(baselines, [row for row in rows if "/" in row["system"]])
