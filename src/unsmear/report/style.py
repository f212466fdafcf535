"""Colours and sizes that all figures share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsmear.files import write_atomically

if TYPE_CHECKING:
    from unsmear.comparison.results import SystemResults

INK = "#1f2933"
# Distinct for colour-blind readers as well (after Okabe and Ito), dark enough on white.
PALETTE = ("#1f6fb4", "#c8570b", "#158a66", "#a3437f", "#5b6770", "#7a6a00")

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9aa5b1",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def figure_file(output: str | Path, size: tuple[float, float], dpi: int) -> Iterator[Any]:
    """A matplotlib figure of ``size`` inches that is written to ``output`` when the block ends well."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(RC):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with write_atomically(output) as temporary:
            # No date or program version in the file: equal figures have equal bytes.
            figure.savefig(temporary, dpi=dpi, metadata={"Software": None})


def line_styles(systems: Sequence[SystemResults]) -> dict[str, dict[str, Any]]:
    """Colour and dash of each system; a camera's input is the pale, dashed line of its first system."""
    styles: dict[str, dict[str, Any]] = {}
    of_camera: dict[str, str] = {}
    for index, system in enumerate(s for s in systems if s.kind != "input"):
        color = PALETTE[index % len(PALETTE)]
        styles[system.system] = {"color": color, "linestyle": "-", "marker": "o"}
        if system.kind == "trained":
            of_camera.setdefault(system.camera, color)
    for index, system in enumerate(s for s in systems if s.kind == "input"):
        color = of_camera.get(system.camera, PALETTE[-1 - index % len(PALETTE)])
        styles[system.system] = {"color": color, "linestyle": (0, (4, 3)), "marker": "", "alpha": 0.65}
    return styles
