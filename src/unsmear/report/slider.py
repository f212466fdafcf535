"""Single pictures for the page, between which its slider moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.comparison.results import SystemResults
from unsmear.evaluation.psnr import psnr
from unsmear.files import write_atomically
from unsmear.report.prediction import ShownPictures
from unsmear.report.selection import Shown

# Above so many pixels the slider's pictures are compressed with small losses.
MAX_LOSSLESS_PIXELS = 300_000


def write_slider(
    shown: Shown, pictures: ShownPictures, results: Sequence[SystemResults], folder: Path
) -> dict[str, Any]:
    """Single pictures for the page's slider, and their names relative to the report's folder."""
    height, width = pictures.truth.shape[1:3]
    suffix = "png" if height * width <= MAX_LOSSLESS_PIXELS else "webp"
    place = folder / shown.name

    def save(name: str, picture: np.ndarray) -> str:
        from PIL import Image

        with write_atomically(place / f"{name}.{suffix}") as temporary:
            options: dict[str, Any] = {"quality": 92} if suffix == "webp" else {}
            Image.fromarray(picture).save(temporary, **options)
        return f"{folder.name}/{shown.name}/{name}.{suffix}"

    sources = []
    for result in results:
        if result.kind == "input":
            continue
        frames = pictures.predictions[result.system]
        sources.append(
            {
                "system": result.system,
                "label": result.text,
                "blurry": save(f"blurry_{result.camera}", pictures.blurry[result.camera]),
                "frames": [save(f"{result.system}_{n}", frame) for n, frame in enumerate(frames, start=1)],
                "psnr": [round(float(v), 2) for v in np.minimum(psnr(frames, pictures.truth), 99.0)],
            }
        )
    truth = [save(f"truth_{n}", frame) for n, frame in enumerate(pictures.truth, start=1)]
    return {
        "name": shown.name,
        "caption": shown.caption,
        "width": width,
        "height": height,
        "sources": sources,
        "truth": truth,
    }
