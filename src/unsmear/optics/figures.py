"""Pictures of a camera: its PSFs, their encircled energy, its MTF, and the streak of a moving point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unsmear.files import write_atomically
from unsmear.optics.exposure import expose

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from unsmear.optics.camera import Camera

COLOURS = ("red", "green", "blue")
LINES = ("#c62828", "#2e7d32", "#1565c0")
SHOWN_SIZE = 27
SPEED = 8


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


def encircled_energy(psfs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the light that falls within a circle around the point's ideal image.

    Parameters
    ----------
    psfs : (N, K, K, 3)

    Returns
    -------
    radii : (R,) pixels, whole numbers from 0 to the corner
    shares : (N, R, 3)
    """
    k = np.arange(psfs.shape[1]) - psfs.shape[1] // 2
    distance = np.hypot(k[:, None], k[None, :])
    radii = np.arange(int(np.ceil(distance.max())) + 1)
    shares = np.stack([psfs[:, distance <= radius].sum(axis=1) for radius in radii], axis=1)
    return radii, shares


def modulation_transfer(psfs: np.ndarray, samples: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Contrast that is left of a wave of vertical stripes, relative to an even surface.

    Parameters
    ----------
    psfs : (N, K, K, 3)
    samples : even, period of the transform, K or more

    Returns
    -------
    frequencies : (samples / 2 + 1,) cycles a pixel, 0 to 0.5
    contrasts : (N, samples / 2 + 1, 3), 1 at frequency 0
    """
    lines = psfs.sum(axis=1)
    spectra = np.abs(np.fft.rfft(lines, n=max(samples, psfs.shape[1] + 1), axis=1))
    return np.fft.rfftfreq(max(samples, psfs.shape[1] + 1)), spectra / spectra[:, :1]


def moving_point(camera: Camera, speed: int = SPEED, reverse: bool = False) -> np.ndarray:
    """Picture of a white point that moves evenly to the right through the exposure.

    Parameters
    ----------
    camera : the camera
    speed : pixels a frame
    reverse : the point moves to the left

    Returns
    -------
    (H, W, 3) float64 linear intensity, brightest value 1
    """
    reach = max(camera.psfs.shape[1], SHOWN_SIZE) // 2
    frames = np.zeros((camera.num_frames, 2 * reach + 1, speed * camera.num_frames + 2 * reach, 3))
    for number in range(camera.num_frames):
        start = reach + speed * number
        frames[number, reach, start : start + speed] = 1
    picture = expose(frames[:, :, ::-1] if reverse else frames, camera.psfs, camera.weights)
    picture = np.maximum(picture, 0)
    result: np.ndarray = picture / picture.max()
    return result


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
