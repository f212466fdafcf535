"""How far predictions move when tiles or a shorter number format make them cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.psnr import finite_mean, psnr
from unsmear.files import write_json


def measure_differences(
    weights: Sequence[str | Path],
    pictures: np.ndarray,
    variants: Mapping[str, EvaluationConfig],
    output: str | Path | None = None,
) -> dict[str, dict[str, float]]:
    """Compare each variant's predictions with those of whole pictures in float32.

    Parameters
    ----------
    weights : ``weights.safetensors`` of a system's stages, in the cascade's order
    pictures : (B, H, W, 3) uint8 blurry images
    variants : name -> configuration, such as tiles or bfloat16
    output : JSON file to write as well

    Returns
    -------
    name -> ``mean_codes`` and ``max_codes``, absolute differences in 8-bit codes, ``psnr``, dB
    between the two predictions (images that are equal left out), and ``share_equal`` of all values
    """
    from unsmear.evaluation.predict import Predictor

    plain = EvaluationConfig(batch_size=1)
    reference = Predictor(weights, plain)(pictures).cpu().numpy()
    found: dict[str, dict[str, float]] = {}
    for name, config in variants.items():
        predicted = Predictor(weights, config)(pictures).cpu().numpy()
        distance = np.abs(predicted.astype(int) - reference)
        found[name] = {
            "mean_codes": float(distance.mean()),
            "max_codes": float(distance.max()),
            "psnr": finite_mean(psnr(predicted, reference))[0],
            "share_equal": float((distance == 0).mean()),
        }
    if output is not None:
        content: dict[str, Any] = {"format_version": 1, "variants": found}
        write_json(output, content)
    return found
