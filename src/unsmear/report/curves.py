"""Figures with lines over something: training steps, or a changed camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.report.config import ReportConfig
from unsmear.report.labels import with_labels
from unsmear.report.style import figure_file, line_styles

# What of a camera is changed: its name in tables, the axis, and units of the axis in one of the table's.
CHANGES = (
    ("psi", "change of the focus sweep, %", 100.0),
    ("wavelength", "shift of all wavelengths, nm", 1.0),
    ("noise", "added read noise, % of full scale", 100.0),
)


def draw_training_curves(
    systems: Sequence[Mapping[str, Any]], output: str | Path, config: ReportConfig | None = None
) -> None:
    """Loss and validation PSNR over training steps, one row a stage, one colour a system.

    Parameters
    ----------
    systems : records with ``metrics``, by stage; tables with the columns ``step``, ``split``,
        ``loss``, ``psnr``
    """
    import pandas as pd

    config = config or ReportConfig()
    results = [result for result in with_labels(systems, config) if result.metrics]
    stages = list(dict.fromkeys(stage for result in results for stage in result.metrics))
    styles = line_styles(with_labels(systems, config))
    size = (7.6, 0.9 + 2.0 * max(1, len(stages)))
    with figure_file(output, size, config.figure_dpi) as figure:
        grid = figure.subplots(max(1, len(stages)), 2, squeeze=False, sharex="row")
        for stage, (left, right) in zip(stages, grid, strict=False):
            for result in results:
                if stage not in result.metrics:
                    continue
                table = pd.read_csv(result.metrics[stage])
                color = styles[result.system]["color"]
                for axes, name in ((left, "loss"), (right, "psnr")):
                    for split, dash in (("train", ":"), ("val", "-")):
                        rows = table[(table["split"] == split) & table[name].notna()]
                        if len(rows):
                            marker = "o" if len(rows) < 20 else ""
                            axes.plot(
                                rows["step"], rows[name], color=color, linestyle=dash, marker=marker, markersize=3
                            )
            left.set(ylabel="loss", title=f"stage {stage}")
            losses = [value for line in left.get_lines() for value in line.get_ydata()]
            if losses and min(losses) > 0 and max(losses) / min(losses) > 20:
                left.set_yscale("log")
            right.set(ylabel="PSNR, dB")
        for axes in grid[-1]:
            axes.set_xlabel("training step")
        handles = [_line(styles[result.system]["color"], "-", result.text) for result in results]
        handles += [_line("#5b6770", ":", "training"), _line("#5b6770", "-", "validation")]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)


def _line(color: str, dash: Any, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=color, linestyle=dash, label=label)


def draw_robustness(
    systems: Sequence[Mapping[str, Any]],
    tables: Mapping[str, str | Path],
    output: str | Path,
    config: ReportConfig | None = None,
) -> None:
    """Change of PSNR, and direction accuracy, on pictures of a camera that differs from the one trained for.

    Parameters
    ----------
    systems : the records that the table was made from, for names and colours
    tables : system -> what :func:`unsmear.evaluation.robustness.measure_robustness` wrote
    """
    import pandas as pd

    config = config or ReportConfig()
    results = with_labels(systems, config)
    styles = line_styles(results)
    read = {result.system: pd.read_csv(tables[result.system]) for result in results if result.system in tables}
    changed = {kind for table in read.values() for kind in table["kind"]}
    kinds = [entry for entry in CHANGES if entry[0] in changed] or list(CHANGES)
    with figure_file(output, (9.2, 5.0), config.figure_dpi) as figure:
        grid = figure.subplots(2, len(kinds), sharey="row", sharex="col", squeeze=False)
        for (kind, label, scale), column in zip(kinds, grid.T, strict=True):
            for system, table in read.items():
                rows = table[table["kind"].isin([kind, "none"])].sort_values("change")
                across, color = rows["change"] * scale, styles[system]["color"]
                for measure, axes in zip(("psnr_frames_change", "direction"), column, strict=True):
                    axes.plot(across, rows[measure], color=color, marker="o", markersize=4)
                    low, high = (rows[f"{measure}_{end}"].astype(float) for end in ("low", "high"))
                    if np.isfinite(low).all():
                        axes.fill_between(across, low, high, color=color, alpha=0.15, linewidth=0)
            for axes in column:
                axes.axvline(0, color="#9aa5b1", linewidth=1, zorder=0)
            column[1].set(xlabel=label, ylim=(0, 1.05))
            column[1].axhline(0.5, color="#5b6770", linestyle=":", linewidth=1)
        grid[0, 0].set_ylabel("change of PSNR, dB")
        grid[1, 0].set_ylabel("direction accuracy")
        figure.suptitle("A camera that differs from the one trained for", x=0.01, ha="left", weight="bold")
        handles = [_line(styles[r.system]["color"], "-", r.text) for r in results if r.system in read]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
