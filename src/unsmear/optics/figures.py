"""Pictures of a camera: its PSFs, their encircled energy, its MTF, and the streak of a moving point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unsmear.files import write_atomically
from unsmear.optics.quality import SHOWN_SIZE, SPEED, encircled_energy, modulation_transfer, moving_point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from unsmear.optics.camera import Camera

COLOURS = ("red", "green", "blue")
LINES = ("#c62828", "#2e7d32", "#1565c0")


def draw_camera(camera: Camera, figure_path: str | Path) -> None:
    """Draw everything about a camera: ``figure_path`` and three more files beside it.

    Parameters
    ----------
    camera : the camera
    figure_path : ``.png`` for the PSFs; ``encircled_energy.png``, ``mtf.png`` and ``streak.png`` get its folder
    """
    path = Path(figure_path)
    draw_psfs(camera, path)
    draw_encircled_energy(camera, path.with_name("encircled_energy.png"))
    draw_mtf(camera, path.with_name("mtf.png"))
    draw_streak(camera, path.with_name("streak.png"))


def draw_psfs(camera: Camera, path: str | Path) -> None:
    """Draw every frame's PSF: a row for each colour and one for all three together."""
    psfs = _show_size(camera.psfs)
    size, gap = psfs.shape[1], 3
    # One picture: 28 axes would take seconds to lay out.
    tiles = np.ones((4, camera.num_frames, size + gap, size + gap, 3))
    rows = tiles[:, :, :size, :size]
    rows[:3] = 0
    rows[3] = np.sqrt(psfs / psfs.max(axis=(1, 2, 3), keepdims=True))
    for channel in range(3):
        rows[channel, ..., channel] = np.sqrt(psfs[..., channel] / psfs[..., channel].max())
    figure = _figure(1.35 * camera.num_frames + 1.0, 6.0)
    axes = figure.subplots()
    axes.imshow(tiles.swapaxes(1, 2).reshape(4 * (size + gap), -1, 3)[:-gap, :-gap], interpolation="nearest")
    centers = (size + gap) * np.arange(max(4, camera.num_frames)) + (size - 1) / 2
    axes.set_xticks(centers[: camera.num_frames], [f"frame {frame + 1}" for frame in range(camera.num_frames)])
    axes.set_yticks(centers[:4], (*COLOURS, "all"), rotation=90, va="center")
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.spines[:].set_visible(False)
    figure.suptitle(f"PSFs of camera {camera.name}: {size} × {size} pixels, brightness is the square root")
    _save(figure, path)


def draw_encircled_energy(camera: Camera, path: str | Path) -> None:
    """Draw the encircled energy of each frame, one panel a colour."""
    radii, shares = encircled_energy(_show_size(camera.psfs))
    figure, axes = _panels()
    for channel, panel in enumerate(axes):
        _draw_frames(panel, radii, shares[..., channel])
        panel.set(title=COLOURS[channel], xlabel="radius, pixels", xlim=(0, radii[-1]), ylim=(0, 1.02))
    axes[0].set_ylabel("share of the point's light")
    _finish(figure, axes, f"Encircled energy, camera {camera.name}", path)


def draw_mtf(camera: Camera, path: str | Path) -> None:
    """Draw the modulation transfer of each frame, one panel a colour, and of the exposure of a still scene."""
    frequencies, contrasts = modulation_transfer(camera.psfs)
    whole = np.einsum("n,nklc->klc", camera.weights, camera.psfs)[None]
    _, still = modulation_transfer(whole)
    figure, axes = _panels()
    for channel, panel in enumerate(axes):
        _draw_frames(panel, frequencies, contrasts[..., channel])
        panel.plot(frequencies, still[0, :, channel], "k--", linewidth=2, label="still scene")
        panel.set(title=COLOURS[channel], xlabel="cycles a pixel", xlim=(0, 0.5), ylim=(0, 1.02))
    axes[0].set_ylabel("contrast")
    _finish(figure, axes, f"Modulation transfer, camera {camera.name}", path)


def draw_streak(camera: Camera, path: str | Path) -> None:
    """Draw the streak of a moving point, once in each direction, and the light along its middle row."""
    figure = _figure(10.5, 4.0)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    for column, direction in enumerate(("right", "left")):
        picture = moving_point(camera, reverse=direction == "left")
        image, graph = axes[:, column]
        image.imshow(np.sqrt(picture), interpolation="nearest", aspect="auto")
        image.set(title=f"point moves to the {direction}", yticks=[])
        middle = picture[picture.shape[0] // 2]
        for channel in range(3):
            # Wide below narrow: colours that agree stay visible.
            graph.plot(middle[:, channel], color=LINES[channel], label=COLOURS[channel], linewidth=5 - 1.8 * channel)
        graph.set(xlabel="pixels", ylim=(0, 1.05))
        graph.grid(alpha=0.3)
    axes[1, 0].set_ylabel("light of the middle row")
    _finish(figure, [axes[1, 0]], f"Streak of a white point, {SPEED} pixels a frame, camera {camera.name}", path)


def _show_size(psfs: np.ndarray) -> np.ndarray:
    """Small PSFs (a delta is one pixel) in a frame that can be compared with others."""
    margin = max(0, SHOWN_SIZE - psfs.shape[1]) // 2
    return np.pad(psfs, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


def _draw_frames(panel: Axes, x: np.ndarray, curves: np.ndarray) -> None:
    import matplotlib

    colour = matplotlib.colormaps["viridis"]
    for frame, curve in enumerate(curves):
        shade = colour(0.9 * frame / max(len(curves) - 1, 1))
        panel.plot(x, curve, color=shade, linewidth=1.5, label=f"frame {frame + 1}")
    panel.grid(alpha=0.3)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _panels() -> tuple[Figure, list[Axes]]:
    figure = _figure(11, 3.8)
    return figure, list(figure.subplots(1, 3, sharey=True))


def _finish(figure: Figure, axes: list[Axes], title: str, path: str | Path) -> None:
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=9)
    figure.suptitle(title)
    _save(figure, path)


def _save(figure: Figure, path: str | Path) -> None:
    with write_atomically(path) as temporary:
        figure.savefig(temporary, dpi=120)
