"""What the page says before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unsmear.comparison.table_text import Row


@dataclass(frozen=True)
class Fact:
    """A headline number, and what it is."""

    value: str
    text: str


def lead(rows: Sequence[Row]) -> str:
    """On what the numbers were measured."""
    first = rows[0]
    return (
        f"Measured on {first['num_sequences']} test sequences that no training has seen, "
        f"{first['num_groups']} blurry pictures in all."
    )


def facts(rows: Sequence[Row]) -> list[Fact]:
    """Headline numbers of every trained system."""
    found = []
    for row in rows:
        if row["kind"] != "trained":
            continue
        if row.get("direction"):
            found.append(Fact(f"{float(row['direction']):.2f}", f"of moving groups in the true order: {row['label']}"))
        gain = f"{float(row['gain_middle']):+.2f} dB" if row.get("gain_middle") else "- dB"
        found.append(Fact(gain, f"middle frame over the input: {row['label']}"))
    return found
