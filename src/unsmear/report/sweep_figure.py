"""Figure of a sweep: its metric against each hyper-parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.evaluation.config import ReportConfig
from unsmear.report.style import INK, PALETTE, figure_file
from unsmear.sweep.config import SweepConfig
from unsmear.sweep.space import Categorical, Distribution, LogUniform, show_value
from unsmear.sweep.trials import Trial

COLUMNS = 3  # plots in a row


def draw_objectives(
    sweep: SweepConfig,
    trials: Sequence[Trial],
    winner: str,
    importance: Mapping[str, float],
    output: str | Path,
    config: ReportConfig | None = None,
) -> None:
    """Draw one plot a hyper-parameter: a dot for each trial, a colour for each budget, a ring around the winner.

    A line leads from a trial to the one that went on from it. Failed trials are crosses on the lower edge.

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
        for (name, entry), axes in zip(sweep.space.items(), grid.flat, strict=False):
            place = _scale(axes, name, entry, trials)
            shown = [trial for trial in trials if name in trial.values]
            _draw_trials(axes, shown, {trial.name: place(trial.values[name]) for trial in shown}, colors, winner)
            share = f", importance {importance[name]:.2f}" if name in importance else ""
            axes.set_title(f"{name}{share}", fontsize=10)
        for axes in grid[:, 0]:
            axes.set_ylabel(f"validation {sweep.metric}" + (", dB" if sweep.metric == "psnr" else ""))
        figure.legend(handles=_legend(colors, trials), loc="outside lower center", ncols=4)


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


def _draw_trials(
    axes: Any, trials: Sequence[Trial], places: Mapping[str, float], colors: Mapping[int, str], winner: str
) -> None:
    named = {trial.name: trial for trial in trials}
    for trial in trials:
        x, color = places[trial.name], colors[trial.budget]
        if not math.isfinite(trial.objective):
            axes.plot([x], [0.03], "x", color=color, transform=axes.get_xaxis_transform(), markersize=6)
            continue
        source = named.get(trial.promoted or "")
        if source is not None and math.isfinite(source.objective):
            line = [places[source.name], x], [source.objective, trial.objective]
            axes.plot(*line, color=color, linewidth=0.9, alpha=0.6)
        axes.plot([x], [trial.objective], "o", color=color, markersize=5, alpha=1 if trial.usable else 0.3)
        if trial.name == winner:
            axes.plot([x], [trial.objective], "o", color=INK, markersize=10, fillstyle="none")


def _legend(colors: Mapping[int, str], trials: Sequence[Trial]) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="o", linestyle="", color=c, label=f"{b} steps") for b, c in colors.items()]
    handles.append(Line2D([], [], marker="o", linestyle="", color=INK, fillstyle="none", markersize=10, label="chosen"))
    if any(trial.status == "failed" for trial in trials):
        handles.append(Line2D([], [], marker="x", linestyle="", color="#5b6770", label="failed"))
    return handles
