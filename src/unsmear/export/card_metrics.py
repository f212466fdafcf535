"""How good weights are, as a model card of the hub says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unsmear.evaluation.gather import summarise_frames
from unsmear.files import read_rows

_TERMS = {"psnr": "PSNR, dB", "ssim": "SSIM", "direction": "direction accuracy", "motion_amplitude": "motion amplitude"}
# Columns of the table of tests in the package's own card: type and name of what they hold.
_COLUMNS = {
    "middle frame, dB": ("psnr", "PSNR, dB, middle"),
    "seven frames, dB": ("psnr", "PSNR, dB, all, in the better order"),
    "direction": ("direction", "direction accuracy, all"),
    "amplitude": ("motion_amplitude", "motion amplitude, all"),
}
KNOWN_TO_THE_HUB = ("psnr", "ssim")


@dataclass(frozen=True)
class CardMetrics:
    """Numbers on some test data.

    Parameters
    ----------
    data : what they were measured on
    values : entries of the hub's table of results: ``type``, ``name`` and ``value``
    means : all that was measured, by name
    """

    data: str
    values: list[dict[str, Any]]
    means: Mapping[str, float] = field(default_factory=dict)

    def describe(self, name: str) -> dict[str, Any]:
        """The keys of the card's metadata, for the model ``name``."""
        if not self.values:
            return {}
        types = {value["type"] for value in self.values}
        # The hub asks for a type of data, and means one of its datasets: it has none of these.
        result = {
            "task": {"type": "image-to-video", "name": "Frames from motion blur"},
            "dataset": {"type": "custom", "name": self.data},
            "metrics": self.values,
        }
        return {
            "metrics": [each for each in KNOWN_TO_THE_HUB if each in types],
            "model-index": [{"name": name, "results": [result]}],
        }


def read_frames(per_frame: str | Path) -> CardMetrics:
    """Means over the frames of an evaluation; what is undefined in all of them is left out.

    Raises
    ------
    ValueError
        If the file is no table of frames, or holds no number.
    """
    try:
        rows = read_rows(per_frame)
        if not rows:
            raise ValueError("it has no row")
        means = {key: value for key, value in summarise_frames(rows).items() if math.isfinite(value)}
        if not means:
            raise ValueError("it has no measure")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"--per-frame: {per_frame} cannot be read as a table of frames ({error}); name per_frame.csv of an "
            "evaluation, such as results/evaluation/masked/per_frame.csv"
        ) from None
    values = [
        {"type": measure, "name": f"{title}, {part}", "value": round(means[key], 4)}
        for part in ("middle", "all")
        for measure, title in _TERMS.items()
        if (key := f"{part}.{measure}") in means
    ]
    return CardMetrics("test split of the evaluation", values, means)


def read_card(text: str, camera: str) -> CardMetrics:
    """Numbers of a camera in the package's own card, from the first table that has all columns of a test.

    Parameters
    ----------
    text : of the card, Markdown
    """
    headings: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if set(_COLUMNS) <= set(cells):
            headings = cells
        elif headings and cells[0] == camera:
            found = dict(zip(headings, cells, strict=True))
            values = [
                {"type": kind, "name": name, "value": float(found[heading])}
                for heading, (kind, name) in _COLUMNS.items()
            ]
            return CardMetrics("unsmear's moving scenes, test split, as described below", values)
    return CardMetrics("", [])
