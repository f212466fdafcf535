"""Figure of a sweep: its metric against each hyper-parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.report.config import ReportConfig
from unsmear.report.style import INK, PALETTE, figure_file
from unsmear.sweep.config import SweepConfig
from unsmear.sweep.space import Categorical, Distribution, LogUniform, show_value
from unsmear.sweep.trials import Trial

COLUMNS = 3  # plots in a row
SCALE = 4  # times the way from the best trial to the middle one, beyond which trials are off the scale


def draw_objectives(
    sweep: SweepConfig,
    trials: Sequence[Trial],
    winner: str,
    importance: Mapping[str, float],
    output: str | Path,
    config: ReportConfig | None = None,
) -> None:
    """Draw one plot a hyper-parameter: a dot for each trial, a colour for each budget, a ring around the winner.

    A line leads from a trial to the one that resumed from it. Failed trials are crosses on the lower edge; trials
    so bad that the others would lie in one line are triangles on the edge.

    Parameters
    ----------
    winner : name of the chosen trial
    importance : of hyper-parameters, for the titles; may be empty
    """
    config = config or ReportConfig()
    rows, columns = math.ceil(len(sweep.space) / COLUMNS), min(COLUMNS, len(sweep.space))
    budgets = sorted({trial.budget for trial in trials})
    colors = {budget: PALETTE[index % len(PALETTE)] for index, budget in enumerate(budgets)}
    with figure_file(output, (1.4 + 2.9 * columns, 0.9 + 2.9 * rows), config.figure_dpi) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes in grid.flat[len(sweep.space) :]:
            axes.set_axis_off()
        limit, nearer = _farthest(sweep, trials), max if sweep.goal == "maximize" else min
        heights = {t.name: t.objective if limit is None else nearer(t.objective, limit) for t in trials}
        for (name, entry), axes in zip(sweep.space.items(), grid.flat, strict=False):
            place = _scale(axes, name, entry, trials)
            shown = [trial for trial in trials if name in trial.values]
            places = {trial.name: place(trial.values[name]) for trial in shown}
            _draw_trials(axes, shown, places, heights, colors, winner)
            share = f", importance {importance[name]:.2f}" if name in importance else ""
            axes.set_title(f"{name}{share}", fontsize=10)
        grid[0, 0].ticklabel_format(axis="y", useOffset=False)
        for axes in grid[:, 0]:
            axes.set_ylabel("validation PSNR, dB" if sweep.metric == "psnr" else f"validation {sweep.metric}")
        if limit is not None:
            grid[0, 0].set_ylim(**{"bottom" if sweep.goal == "maximize" else "top": limit})
        figure.legend(handles=_legend(colors, trials, limit is not None), loc="outside lower center", ncols=4)


def _scale(axes: Any, name: str, entry: Distribution, trials: Sequence[Trial]) -> Any:
    """Prepare the axis of a hyper-parameter; returns where on it a value lies."""
    if not isinstance(entry, Categorical):
        if isinstance(entry, LogUniform):
            axes.set_xscale("log")
        axes.tick_params(axis="x", labelrotation=20)
        return float
    found = [_hashable(trial.values[name]) for trial in trials if name in trial.values]
    # A choice that was removed from the space may still have trials.
    choices = list(dict.fromkeys([*entry.choice, *found]))
    axes.set_xticks(range(len(choices)), map(show_value, choices), rotation=20 if len(choices) > 3 else 0)
    axes.set_xlim(-0.5, len(choices) - 0.5)
    return lambda value: choices.index(_hashable(value))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _farthest(sweep: SweepConfig, trials: Sequence[Trial]) -> float | None:
    """Objective beyond which a trial is off the scale; None where all fit on it."""
    values = sorted((t.objective for t in trials if math.isfinite(t.objective)), reverse=sweep.goal == "maximize")
    if not values:
        return None
    best, middle, worst = values[0], values[len(values) // 2], values[-1]
    limit = best + SCALE * (middle - best)
    return limit if middle != best and abs(worst - best) > abs(limit - best) else None


def _draw_trials(
    axes: Any,
    trials: Sequence[Trial],
    places: Mapping[str, float],
    heights: Mapping[str, float],
    colors: Mapping[int, str],
    winner: str,
) -> None:
    for trial in trials:
        x, y, color = places[trial.name], heights[trial.name], colors[trial.budget]
        if not math.isfinite(y):
            axes.plot([x], [0.03], "x", color=color, transform=axes.get_xaxis_transform(), markersize=6)
            continue
        source = trial.promoted or ""
        if source in places and math.isfinite(heights[source]):
            axes.plot([places[source], x], [heights[source], y], color=color, linewidth=0.9, alpha=0.6)
        marker = "o" if y == trial.objective else "v" if y > trial.objective else "^"
        axes.plot([x], [y], marker, color=color, markersize=5, alpha=1 if trial.usable else 0.3, clip_on=False)
        if trial.name == winner:
            axes.plot([x], [y], "o", color=INK, markersize=10, fillstyle="none")


def _legend(colors: Mapping[int, str], trials: Sequence[Trial], off_scale: bool) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="o", linestyle="", color=c, label=f"{b} steps") for b, c in colors.items()]
    handles.append(Line2D([], [], marker="o", linestyle="", color=INK, fillstyle="none", markersize=10, label="chosen"))
    if any(trial.status == "failed" for trial in trials):
        handles.append(Line2D([], [], marker="x", linestyle="", color="#5b6770", label="failed"))
    if off_scale:
        handles.append(Line2D([], [], marker="v", linestyle="", color="#5b6770", label="off the scale"))
    return handles
