"""Figures of the measures: per frame, per sequence, and over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.comparison.measures import BY_KEY, count, estimate, mean_over_seeds, values_per_group
from unsmear.comparison.results import SystemResults
from unsmear.evaluation.config import EvaluationConfig
from unsmear.report.config import ReportConfig
from unsmear.report.labels import with_labels
from unsmear.report.style import INK, figure_file, line_styles


def draw_figures(
    systems: Sequence[SystemResults | Mapping[str, Any]],
    folder: str | Path,
    config: ReportConfig | None = None,
    evaluation: EvaluationConfig | None = None,
) -> None:
    """Draw ``psnr_per_frame.png``, ``direction.png`` and ``scatter.png`` into ``folder``.

    Parameters
    ----------
    systems : the records that the table was made from
    """
    config, evaluation = config or ReportConfig(), evaluation or EvaluationConfig()
    results = with_labels(systems, config)
    folder = Path(folder)
    draw_psnr_per_frame(results, folder / "psnr_per_frame.png", config)
    draw_direction(results, folder / "direction.png", config, evaluation)
    draw_scatter(results, folder / "scatter.png", config)


def draw_psnr_per_frame(results: Sequence[SystemResults], output: Path, config: ReportConfig) -> None:
    """Mean PSNR of each frame number in the best direction, and its gain over the camera's input."""
    import pandas as pd

    styles = line_styles(results)
    means: dict[str, Any] = {}
    for result in results:
        # Seeds have the same groups, so the mean over all rows is the mean over seeds.
        table = pd.concat(result.read_tables()).replace([np.inf, -np.inf], np.nan)
        means[result.system] = table.groupby("frame")["psnr_best"].mean()
    inputs = {result.camera: means[result.system] for result in results if result.kind == "input"}
    with figure_file(output, (8.6, 4.2), config.figure_dpi) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        right.axhline(0, color=INK, linewidth=1)
        for result in results:
            values, style = means[result.system], styles[result.system]
            left.plot(values.index, values, label=result.text, markersize=5, **style)
            if result.kind != "input":
                right.plot(values.index, values - inputs[result.camera], markersize=5, **style)
        left.set(xlabel="frame", ylabel="PSNR, dB", title="PSNR of each frame, best direction")
        right.set(xlabel="frame", ylabel="gain, dB", title="Gain over the camera's input")
        for axes in (left, right):
            axes.set_xticks(means[results[0].system].index)
        figure.legend(loc="outside lower center", ncols=2)


def draw_direction(
    results: Sequence[SystemResults], output: Path, config: ReportConfig, evaluation: EvaluationConfig
) -> None:
    """Direction accuracy of each system with its interval, and a dot for each seed; one half is chance."""
    styles = line_styles(results)
    shown = [result for result in results if result.kind != "input"]
    with figure_file(output, (7.2, 1.5 + 0.55 * max(1, len(shown))), config.figure_dpi) as figure:
        axes = figure.add_subplot()
        for place, result in enumerate(shown):
            tables = result.read_tables()
            table = tables[0]
            found = estimate(mean_over_seeds(tables, BY_KEY["direction"]), evaluation)
            color = styles[result.system]["color"]
            axes.barh(place, found.value, height=0.5, color=color, alpha=0.85)
            if found.low is not None and found.high is not None:
                axes.plot([found.low, found.high], [place, place], color=INK, linewidth=1.6)
            if len(tables) > 1:
                of_seeds = [values_per_group(each, BY_KEY["direction"]).mean() for each in tables]
                axes.scatter(of_seeds, [place + 0.16] * len(of_seeds), s=14, color=INK, zorder=3)
            moving = count(table).num_groups - count(table).num_static
            text = f"{found.value:.2f}" + (f"  [{found.low:.2f}, {found.high:.2f}]" if found.low is not None else "")
            axes.text(1.03, place, f"{text}  of {moving} groups", va="center")
        axes.axvline(0.5, color=INK, linestyle=":", linewidth=1.2)
        axes.set(
            xlim=(0, 1.02),
            ylim=(len(shown) - 0.4, -0.6),
            xlabel="share of moving groups predicted in the true order; dotted: chance",
            title="Direction of time",
        )
        axes.set_yticks(range(len(shown)), [result.text for result in shown])
        axes.grid(visible=False, axis="y")


def draw_scatter(results: Sequence[SystemResults], output: Path, config: ReportConfig) -> None:
    """Mean PSNR of each sequence, last trained system against the first, extremes named."""
    trained = [result for result in results if result.kind == "trained"]
    with figure_file(output, (5.6, 5.4), config.figure_dpi) as figure:
        axes = figure.add_subplot()
        if len(trained) < 2:
            axes.text(0.5, 0.5, "needs two systems", ha="center", transform=axes.transAxes)
            axes.set_axis_off()
            return
        first, last = trained[0], trained[-1]
        across, up = (
            mean_over_seeds(result.read_tables(), BY_KEY["psnr_frames"]).groupby(level="sequence").mean()
            for result in (first, last)
        )
        low = min(across.min(), up.min()) - 0.8
        high = max(across.max(), up.max()) + 0.8
        axes.plot([low, high], [low, high], color="#9aa5b1", linewidth=1)
        axes.scatter(across, up, s=26, color=line_styles(results)[last.system]["color"], alpha=0.7, linewidth=0)
        gain: Any = (up - across).dropna()
        for sequence, word, height in ((gain.idxmax(), "best", 11), (gain.idxmin(), "worst", -17)):
            # Towards the middle of the figure, so that the text stays inside.
            to_left = across[sequence] > (low + high) / 2
            note = axes.annotate(
                f"{sequence} {word}: {gain[sequence]:+.2f} dB",
                (across[sequence], up[sequence]),
                xytext=(6 if to_left else -6, height),
                textcoords="offset points",
                ha="right" if to_left else "left",
                fontsize=9,
                bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
            )
            note.set_in_layout(False)
            axes.scatter(across[sequence], up[sequence], s=60, facecolor="none", edgecolor=INK, linewidth=1.2)
        axes.set(
            xlim=(low, high),
            ylim=(low, high),
            aspect="equal",
            xlabel=f"{first.text}, dB",
            ylabel=f"{last.text}, dB",
            title="PSNR of each sequence, all frames",
        )
