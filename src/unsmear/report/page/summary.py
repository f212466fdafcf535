"""What the page says before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unsmear.comparison.table_text import Row, row_label


@dataclass(frozen=True)
class Fact:
    """A headline number, what it is, and its interval where there is one."""

    value: str
    text: str
    interval: str = ""


@dataclass(frozen=True)
class SystemFacts:
    """The headline numbers of one system, and the camera that it is for."""

    label: str
    camera: str
    facts: Sequence[Fact]


# Column, number format, unit and text; a gain over the input stands in where no baseline was evaluated.
_GAINS = (
    ("gain_middle_baseline", "gain_middle", "middle frame"),
    ("gain_frames_baseline", "gain_frames", "all frames"),
)
_MOTION = (
    ("motion_amplitude", "z.2f", "of the true motion is in the frames: 1 is right, 0 stands still"),
    ("motion_angle", "z.0f", "degrees between predicted and true motion"),
    ("direction", "z.2f", "of moving groups run in the true order: one half is chance"),
)


def lead(rows: Sequence[Row]) -> str:
    """On what the numbers were measured."""
    first = rows[0]
    # Of weights that were not trained here nobody knows what they have seen.
    unseen = " that no training has seen" if any(row["kind"] == "trained" and row.get("runs") for row in rows) else ""
    return f"Measured on {first['num_sequences']} test sequences{unseen}, {first['num_groups']} blurry pictures in all."


def facts(rows: Sequence[Row]) -> list[SystemFacts]:
    """Headline numbers of every trained system: what it adds to the best baseline, and how its frames move."""
    labels = {row["row"]: row["label"] for row in rows}
    return [
        SystemFacts(row_label(row), row["camera"], [*_gains(row, labels), *_motion(row)])
        for row in rows
        if row["kind"] == "trained"
    ]


def _gains(row: Row, labels: dict[str, str]) -> list[Fact]:
    found = []
    for baseline, plain, frames in _GAINS:
        key = baseline if row.get(baseline) else plain
        if row.get(key):
            over = f"the best baseline, {labels[row[f'{baseline}_row']]}" if key == baseline else "the input"
            found.append(Fact(f"{float(row[key]):+z.2f} dB", f"{frames} over {over}", _interval(row, key, "+z.2f")))
    return found


def _motion(row: Row) -> list[Fact]:
    return [
        Fact(f"{float(row[key]):{shape}}", text, _interval(row, key, shape))
        for key, shape, text in _MOTION
        if row.get(key)
    ]


def _interval(row: Row, key: str, shape: str) -> str:
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    return f"[{float(low):{shape}}, {float(high):{shape}}]" if low and high else ""
