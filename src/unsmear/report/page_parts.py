"""Small parts of the report page, each a function from data to HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from unsmear.comparison.table_text import Row

# Title, caption and text for those who cannot see it, of each figure that the report knows.
FIGURES = {
    "psnr_per_frame": (
        "PSNR of each frame number, averaged over all test groups. The direction of time is the better one, "
        "chosen once for each group. Dashed: the blurry picture itself. Right: what the system adds to it.",
        "Line charts of PSNR, and of its gain over the input, by frame number; one line for each system.",
    ),
    "direction": (
        "How often the predicted frames run forward. A camera that records no trace of time leaves one half.",
        "Bar chart of direction accuracy, one bar for each system, with intervals.",
    ),
    "scatter": (
        "Each point is a test sequence. Above the line the system on the vertical axis is better.",
        "Scatter plot of PSNR per sequence for two systems, with the best and the worst named.",
    ),
    "training_curves": (
        "Loss and PSNR while training; solid lines are the validation split.",
        "Line charts of loss and PSNR over training steps, one row for each stage.",
    ),
    "robustness": (
        "The same weights on pictures of cameras that differ from the one trained for, which stands at 0: what that "
        "costs in PSNR of all frames, and the direction of time. Bands are bootstrap intervals; dotted: chance.",
        "Line charts of the change of PSNR and of direction accuracy over changes of focus sweep, wavelengths, noise.",
    ),
}


CAMERA_PICTURES = {
    "psfs": "Point spread functions: what becomes of a point in each frame, for each colour",
    "encircled_energy": "Share of a point's light within a radius",
    "streak": "The trace that a white point leaves when it moves during the exposure",
    "mtf": "Modulation transfer: how much contrast is left at each spatial frequency",
}


def _number(row: Row | None, key: str, decimals: int, sign: str = "") -> str:
    return f"{float(row[key]):{sign}.{decimals}f}" if row and row.get(key) else "-"


def facts(rows: Sequence[Row]) -> str:
    """Headline numbers of every trained system."""
    tiles = []
    for row in rows:
        if row["kind"] == "trained":
            label = escape(row["label"])
            if row.get("direction"):
                tiles.append((_number(row, "direction", 2), f"of moving groups in the true order: {label}"))
            tiles.append((_number(row, "gain_middle", 2, "+") + " dB", f"middle frame over the input: {label}"))
    inner = "".join(f'<div class="fact"><b>{value}</b><span>{text}</span></div>' for value, text in tiles)
    return f'<div class="facts">{inner}</div>'


def figure(path: str, caption: str, alt: str) -> str:
    """A picture that opens in full size."""
    return (
        f'<figure><a href="{escape(path)}"><img src="{escape(path)}" alt="{escape(alt)}" loading="lazy"></a>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def definitions(values: Mapping[str, str]) -> str:
    """A list of names and values."""
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in values.items()) + "</dl>"
