"""The tables of the page, as data for its templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unsmear.comparison.table_columns import MORE_COLUMNS, MORE_NOTE
from unsmear.comparison.table_text import Row, system_rows, table_cells, table_notes


@dataclass(frozen=True)
class Cell:
    """A cell's text; an interval goes below its value."""

    text: str
    interval: str = ""

    @classmethod
    def parse(cls, text: str) -> Cell:
        """``value [low, high]mark`` as value with its mark, and interval."""
        match = re.fullmatch(r"([^\[]+) (\[.*\])(.?)", text)
        return cls(match[1] + match[3], match[2]) if match else cls(text)


@dataclass(frozen=True)
class Table:
    """Lines of cells, of which the first names its line; ``classes`` and ``notes`` may be absent."""

    headings: Sequence[str]
    lines: Sequence[Sequence[str]]
    classes: Sequence[str] = ()
    notes: Sequence[str] = ()

    def rows(self) -> list[tuple[str, str, list[tuple[str, Cell]]]]:
        """Of each line its class, its name and its cells, each with its heading."""
        classes = self.classes or [""] * len(self.lines)
        return [
            (kind, name, [(h, Cell.parse(value)) for h, value in zip(self.headings[1:], values, strict=True)])
            for kind, (name, *values) in zip(classes, self.lines, strict=True)
        ]


def results_table(rows: Sequence[Row]) -> Table:
    """The table of results; the first difference is set off from the systems above it, baselines stand back."""
    kinds = [row["kind"] == "difference" for row in rows]
    classes = [row["kind"] if row["kind"] in ("difference", "baseline") else "" for row in rows]
    if any(kinds):
        classes[kinds.index(True)] += " first-difference"
    return Table(*table_cells(list(rows)), classes, table_notes(list(rows)))


def more_measures(rows: Sequence[Row]) -> Table | None:
    """Measures that few ask for, if there are any."""
    headings, cells = table_cells(system_rows(list(rows)), MORE_COLUMNS)
    return Table(headings, cells, notes=[MORE_NOTE]) if len(headings) > 1 else None


def costs_table(costs: Mapping[str, Mapping[str, Any]]) -> Table:
    """Parameters, multiply-adds, time and memory of each system."""
    headings = ("", "parameters", "multiply-adds a frame", "seconds a frame", "peak memory", "picture")
    lines = []
    for label, cost in costs.items():
        memory = cost["peak_memory_mib"]
        lines.append(
            (
                label,
                f"{cost['parameters'] / 1e6:.3f} M",
                f"{cost['multiply_adds_per_frame'] / 1e9:.3f} G",
                f"{cost['seconds_per_frame']:.4f} ({cost['device']}, {cost['num_threads']} threads)",
                "-" if memory is None else f"{memory:.0f} MiB",
                f"{cost['width']} x {cost['height']} px",
            )
        )
    return Table(headings, lines)


def differences_table(differences: Mapping[str, Mapping[str, Any]]) -> Table:
    """What bfloat16 and tiles change, for each system."""
    headings = ("", "mean", "largest", "PSNR", "equal values", "pictures")
    lines = []
    for label, found in differences.items():
        for variant, values in found["variants"].items():
            psnr = values["psnr"]
            lines.append(
                (
                    f"{label}, {variant}",
                    f"{values['mean_codes']:.3f}",
                    f"{values['max_codes']:.0f}",
                    "-" if psnr is None else f"{psnr:.1f} dB",
                    f"{100 * values['share_equal']:.1f} %",
                    f"{found['num_pictures']} of {found['width']} x {found['height']} px",
                )
            )
    return Table(headings, lines)
