"""Two pictures of a comparison of two runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unsmear.comparison.changes import Changes
from unsmear.comparison.run_results import RunResults
from unsmear.evaluation.bootstrap import Estimate
from unsmear.report.style import INK, PALETTE, figure_file

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

DPI = 120
SHOWN = ("psnr_middle", "psnr_frames")


def draw_differences(changes: Changes, output: str | Path) -> None:
    """Paired differences of PSNR with their intervals, one line for each system and measure; of runs that share no
    frame group, the PSNR of each.
    """
    shown = [change for change in changes.measures if change.measure.key in SHOWN]
    paired = all(change.difference for change in shown)
    with figure_file(output, (7.2, 1.4 + 0.45 * max(1, len(shown))), DPI) as figure:
        axes = figure.add_subplot()
        if paired:
            axes.axvline(0, color=INK, linewidth=1)
        for place, change in enumerate(shown):
            if change.difference:
                _mark(axes, change.difference, place, PALETTE[1] if change.is_worse else PALETTE[0])
            else:
                _mark(axes, change.before, place - 0.12, PALETTE[0], None if place else "A")
                _mark(axes, change.after, place + 0.12, PALETTE[1], None if place else "B")
        axes.set_yticks(range(len(shown)), [f"{change.label}, {change.measure.title}" for change in shown])
        title = "Paired differences, B - A" if paired else "A and B, each on its own groups"
        axes.set(xlabel="B - A, dB" if paired else "dB", ylim=(len(shown) - 0.4, -0.6), title=title)
        if not paired:
            axes.legend()


def _mark(axes: Axes, found: Estimate, place: float, color: str, label: str | None = None) -> None:
    axes.plot(found.value, place, "o", color=color, label=label)
    if found.low is not None and found.high is not None:
        axes.plot([found.low, found.high], [place, place], color=color, linewidth=2)


def draw_panels(runs: Sequence[RunResults], output: str | Path) -> None:
    """The middle frames of each run's group of median gain, one below the other."""
    panels = {f"{letter}: {run.name}": run.panel for letter, run in zip("AB", runs, strict=True)}
    pictures = {name: _read_picture(path) for name, path in panels.items() if path}
    if not pictures:
        raise ValueError("neither run has report/figures/median_middle.png to show")
    heights = [9 * picture.shape[0] / picture.shape[1] + 0.4 for picture in pictures.values()]
    with figure_file(output, (9, sum(heights)), DPI) as figure:
        grid = figure.subplots(len(pictures), 1, squeeze=False, height_ratios=heights)
        for axes, (name, picture) in zip(grid[:, 0], pictures.items(), strict=True):
            axes.imshow(picture)
            axes.set_title(name)
            axes.set_axis_off()


def _read_picture(path: Path) -> np.ndarray:
    import matplotlib.image as images

    try:
        return images.imread(path)
    # A torn PNG is told as an error of syntax.
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read as a picture ({error}); make the report again") from error
