"""How far predictions move when tiles or bfloat16 make them cheaper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.psnr import finite_mean, psnr
from unsmear.files import write_json


def cheaper_variants(config: EvaluationConfig) -> dict[str, EvaluationConfig]:
    """What a configuration may save with, one at a time: bfloat16, and tiles where they are set."""
    whole = _whole(config)
    variants = {"bfloat16": whole.model_copy(update={"precision": "bfloat16"})}
    if config.tile_size is not None:
        tiles = {"tile_size": config.tile_size, "tile_overlap": config.tile_overlap}
        variants[f"tiles of {config.tile_size} px"] = whole.model_copy(update=tiles)
    return variants


def _whole(config: EvaluationConfig) -> EvaluationConfig:
    return config.model_copy(update={"precision": "float32", "tile_size": None, "batch_size": 1})


def measure_differences(
    weights: Sequence[str | Path],
    pictures: np.ndarray,
    variants: Mapping[str, EvaluationConfig],
    output: str | Path | None = None,
    config: EvaluationConfig | None = None,
) -> dict[str, dict[str, float | None]]:
    """Compare each variant's predictions with those of whole pictures in float32.

    Parameters
    ----------
    weights : ``weights.safetensors`` of a system's stages, in the cascade's order
    pictures : (B, H, W, 3) uint8 blurry images
    variants : name -> configuration, such as tiles or bfloat16
    output : JSON file to write as well
    config : device and memory order of the reference

    Returns
    -------
    name -> ``mean_codes`` and ``max_codes``, absolute differences in 8-bit codes, ``psnr``, dB
    between the two predictions (images that are equal left out; None if all are), and ``share_equal`` of all values
    """
    from unsmear.evaluation.predict import Predictor

    reference = Predictor(weights, _whole(config or EvaluationConfig()))(pictures).cpu().numpy()
    found: dict[str, dict[str, float | None]] = {}
    for name, config in variants.items():
        predicted = Predictor(weights, config)(pictures).cpu().numpy()
        distance = np.abs(predicted.astype(int) - reference)
        found[name] = {
            "mean_codes": float(distance.mean()),
            "max_codes": float(distance.max()),
            "psnr": None if (distance == 0).all() else finite_mean(psnr(predicted, reference))[0],
            "share_equal": float((distance == 0).mean()),
        }
    if output is not None:
        height, width = pictures.shape[1:3]
        content: dict[str, Any] = {
            "format_version": 1,
            "num_pictures": len(pictures),
            "height": height,
            "width": width,
            "variants": found,
        }
        write_json(output, content)
    return found
