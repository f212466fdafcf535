"""Pictures side by side: the middle frame with a closer look, and all frames in a row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.temporal_order import runs_backward
from unsmear.frames.numbering import frame_index
from unsmear.report.config import ReportConfig
from unsmear.report.style import INK, PALETTE, figure_file

WIDTH_PER_PICTURE = 2.1


def draw_middle(
    columns: Mapping[str, np.ndarray],
    truth: np.ndarray,
    square: tuple[int, int, int],
    output: str | Path,
    config: ReportConfig,
) -> None:
    """Middle frame of each column and of the truth, whole and magnified, with its PSNR.

    Parameters
    ----------
    columns : label -> (N, H, W, 3) uint8; inputs first, then systems
    truth : (N, H, W, 3) uint8
    square : top, left and side of what is magnified, px
    """
    number = (len(truth) + 1) // 2
    index = frame_index(number)
    top, left, size = square
    pictures = {**{label: frames[index] for label, frames in columns.items()}, "Truth": truth[index]}
    height, width = truth.shape[1:3]
    ratio = height / width
    total = (WIDTH_PER_PICTURE * len(pictures), WIDTH_PER_PICTURE * (ratio + 1) + 0.5)
    with figure_file(output, total, config.figure_dpi) as figure:
        grid = figure.subplots(2, len(pictures), gridspec_kw={"height_ratios": [ratio, 1]}, squeeze=False)
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
        for (label, picture), (whole, close) in zip(pictures.items(), grid.T, strict=True):
            whole.imshow(picture, interpolation="antialiased")
            whole.add_patch(_outline(left, top, size))
            whole.set_title(label, fontsize=9.5)
            close.imshow(picture[top : top + size, left : left + size], interpolation="nearest")
            _frame(whole)
            _frame(close, PALETTE[1])
            value = float(psnr(picture, truth[index]))
            close.set_xlabel(f"frame {number}" if label == "Truth" else f"{value:.2f} dB", fontsize=10)


def draw_frames(
    blurry: Mapping[str, np.ndarray],
    predictions: Mapping[str, np.ndarray],
    truth: np.ndarray,
    output: str | Path,
    config: ReportConfig,
) -> None:
    """All frames of the truth and of each system, a row each; the blurry picture in front.

    Parameters
    ----------
    blurry : label -> (H, W, 3) uint8 that the system was given, with the labels of ``predictions``
    predictions : label -> (N, H, W, 3) uint8, as predicted, not turned
    truth : (N, H, W, 3) uint8
    """
    rows = {**predictions, "Truth": truth}
    num_frames, height, width = truth.shape[:3]
    cell = 1.45
    size = (cell * (num_frames + 1) + 0.4, (cell * height / width + 0.32) * len(rows) + 0.45)
    with figure_file(output, size, config.figure_dpi) as figure:
        grid = figure.subplots(len(rows), num_frames + 1, squeeze=False)
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
        for (label, frames), (first, *others) in zip(rows.items(), grid, strict=True):
            if label in blurry:
                first.imshow(blurry[label], interpolation="antialiased")
                _frame(first)
                first.set_xlabel("blurry input", fontsize=8)
            else:
                first.set_axis_off()
            backward = label in predictions and runs_backward(_channels_first(frames), _channels_first(truth))
            values = psnr(frames, truth)
            for number, (axes, frame) in enumerate(zip(others, frames, strict=True), start=1):
                axes.imshow(frame, interpolation="antialiased")
                _frame(axes)
                text = f"frame {number}" if label == "Truth" else f"{values[frame_index(number)]:.1f} dB"
                axes.set_xlabel(text, fontsize=8)
            title = f"{label} (runs backward in time)" if backward else label
            (first if label in blurry else others[0]).set_title(title, fontsize=9.5)


def _channels_first(frames: np.ndarray) -> np.ndarray:
    return np.moveaxis(frames, -1, -3)


def _outline(left: int, top: int, size: int) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle((left - 0.5, top - 0.5), size, size, fill=False, edgecolor=PALETTE[1], linewidth=1.6)


def _frame(axes: Any, color: str = INK) -> None:
    """A thin border instead of ticks and grid."""
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=color, linewidth=1.2 if color != INK else 0.6)
