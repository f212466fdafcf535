"""The tables of the report page; on a narrow screen each row becomes a list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from unsmear.comparison.table_text import MORE_COLUMNS, MORE_NOTE, Row, system_rows, table_cells, table_notes


def results_table(rows: Sequence[Row]) -> str:
    """The table; on a narrow screen each row becomes a list."""
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table_notes(list(rows)))
    return _table(list(rows), *table_cells(list(rows))) + notes


def more_measures(rows: Sequence[Row]) -> str:
    """Measures that few ask for, folded away."""
    systems = system_rows(list(rows))
    headings, cells = table_cells(systems, MORE_COLUMNS)
    if len(headings) == 1:
        return ""
    note = f'<p class="note">{escape(MORE_NOTE)}</p>'
    return f"<details><summary>Further measures</summary>{_table(systems, headings, cells)}{note}</details>"


def _table(rows: Sequence[Row], headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Rows of results; the first difference is set off from the systems above it."""
    kinds = [row["kind"] == "difference" for row in rows]
    first = kinds.index(True) if any(kinds) else None
    classes = [
        "difference first-difference" if place == first else "difference" if difference else ""
        for place, difference in enumerate(kinds)
    ]
    return table(headings, cells, classes)


def table(headings: Sequence[str], lines: Sequence[Sequence[str]], classes: Sequence[str] = ()) -> str:
    """A table whose first column names the rows; ``classes`` are those of the rows."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = []
    for place, (label, *values) in enumerate(lines):
        line = "".join(_cell(value, name) for value, name in zip(values, headings[1:], strict=True))
        kind = f' class="{classes[place]}"' if classes and classes[place] else ""
        body.append(f'<tr{kind}><th scope="row">{escape(label)}</th>{line}</tr>')
    return (
        f'<div class="scroll"><table class="results"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(text: str, name: str) -> str:
    """One cell; an interval goes below its value."""
    if text == "-":
        return f'<td class="empty" data-label="{escape(name)}">-</td>'
    match = re.fullmatch(r"([^\[]+) (\[.*\])(.?)", text)
    inner = f"<span>{escape(match[1] + match[3])}<small>{escape(match[2])}</small></span>" if match else escape(text)
    return f'<td data-label="{escape(name)}">{inner}</td>'


def costs_table(costs: Mapping[str, Mapping[str, Any]]) -> str:
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
    return table(headings, lines)


DIFFERENCES_NOTE = "How far predictions move from those of whole pictures in float32, 8-bit codes."


def differences_table(differences: Mapping[str, Mapping[str, Any]]) -> str:
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
    return table(headings, lines)
