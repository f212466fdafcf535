"""The results table as aligned text for a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unsmear.comparison.table_columns import ZERO_MARK
from unsmear.comparison.table_text import Row, format_estimate, row_label, system_rows
from unsmear.files import read_rows


def format_summary(table_csv: str | Path) -> str:
    """Inputs and systems as aligned text for a terminal, up to 120 columns wide where no training is repeated.

    Parameters
    ----------
    table_csv : what :func:`unsmear.comparison.tables.write_table` wrote

    Notes
    -----
    Imports neither pandas nor torch: a workflow prints it when it ends.
    """
    rows = [row for row in system_rows(read_rows(table_csv)) if row["kind"] != "baseline"]
    texts: list[tuple[str, Callable[[Row], str]]] = [
        ("", row_label),
        ("middle", lambda row: format_estimate(row, "psnr_middle", 2, False)),
        ("gain", lambda row: _alone(row, "gain_middle", signed=True)),
        ("over best baseline", lambda row: _alone(row, "gain_middle_baseline", interval=True, signed=True)),
        ("frames", lambda row: format_estimate(row, "psnr_frames", 2, False)),
        ("gain", lambda row: _alone(row, "gain_frames", signed=True)),
        ("over best baseline", lambda row: _alone(row, "gain_frames_baseline", interval=True, signed=True)),
        ("direction", lambda row: _alone(row, "direction")),
        ("amplitude", lambda row: _alone(row, "motion_amplitude")),
    ]
    columns = [[heading, *(text(row) for row in rows)] for heading, text in texts]
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for index in range(len(rows) + 1):
        first, *others = (column[index] for column in columns)
        padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *padded]).rstrip())
        if index == 0:
            lines.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
    if rows:
        counts = rows[-1]
        lines.append(
            f"{counts['num_sequences']} test sequences, {counts['num_groups']} groups "
            f"({counts['num_static']} too still for a direction); PSNR and gains in dB"
            + ("" if any(row.get("psnr_middle_low") for row in rows) else "; too few sequences for intervals")
            + (f"; {ZERO_MARK} interval spans zero" if any(ZERO_MARK in line for line in lines) else "")
        )
    return "\n".join(lines)


def _alone(row: Row, key: str, interval: bool = False, signed: bool = False) -> str:
    """A value without its spread over seeds, for which there is no room."""
    return format_estimate({**row, f"{key}_seed_std": ""}, key, 2, interval, signed)
