"""What a training shows of itself: sample pictures and the curve of its loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

_LONGEST_SIDE = 320  # px; samples are to be looked at, results are measured elsewhere
_WIDTH, _HEIGHT, _MARGIN = 640, 400, 60
_COLORS = {"train": "#1f77b4", "val": "#d62728"}


def encode_samples(blurry: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> bytes:
    """PNG with a row for each frame: blurry input, prediction, truth.

    Parameters
    ----------
    blurry : (H, W, 3) uint8 RGB
    predicted, truth : (K, H, W, 3) uint8 RGB
    """
    import cv2

    rows = [np.hstack([blurry, one, other]) for one, other in zip(predicted, truth, strict=True)]
    sheet = np.vstack(rows)
    scale = _LONGEST_SIDE / max(blurry.shape[:2])
    if scale < 1:
        sheet = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, code = cv2.imencode(".png", sheet[..., ::-1])
    assert done
    return code.tobytes()


def draw_curve(rows: Sequence[Mapping[str, Any]], title: str, name: str = "loss") -> str:
    """SVG of a number by step, a line for each split; rows are those of ``metrics.csv``.

    Written directly: loading a plotting library would cost a short training more than the drawing.
    """
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        value = row.get(name)
        if value is not None and np.isfinite(value):
            lines.setdefault(str(row["split"]), []).append((float(row["step"]), float(value)))
    values = [y for points in lines.values() for _, y in points] or [0.0]
    low, high = min(values), max(values)
    last = max((x for points in lines.values() for x, _ in points), default=1.0)
    span = (high - low) or 1.0

    def place(x: float, y: float) -> str:
        across = _MARGIN + x / last * (_WIDTH - 2 * _MARGIN)
        return f"{across:.1f},{_HEIGHT - _MARGIN - (y - low) / span * (_HEIGHT - 2 * _MARGIN):.1f}"

    def text(x: float, y: float, words: str, more: str = "") -> str:
        return f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>'

    bottom, end = _HEIGHT - _MARGIN, 'text-anchor="end"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<path d="M{_MARGIN} {_MARGIN}V{bottom}H{_WIDTH - _MARGIN}" fill="none" stroke="black"/>',
        text(_MARGIN, 30, f"{title}: {name}"),
        text(_MARGIN - 5, _MARGIN + 5, f"{high:.4g}", end),
        text(_MARGIN - 5, bottom, f"{low:.4g}", end),
        text(_WIDTH - _MARGIN, bottom + 20, f"step {last:g}", end),
    ]
    for index, (split, points) in enumerate(sorted(lines.items())):
        color = _COLORS.get(split, "black")
        path = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(text(_WIDTH - _MARGIN, _MARGIN + 18 * index, split, f'{end} fill="{color}"'))
    return "\n".join([*parts, "</svg>"]) + "\n"
