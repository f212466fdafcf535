"""Fewer or more steps for every training of a configuration: ``training.scale_steps``."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any


def scale_steps(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a checked configuration with the steps of every training scaled, and a scale of 1."""
    result, scale = deepcopy(dict(values)), values["training"]["scale_steps"]

    def scaled(hparams: Mapping[str, Any]) -> dict[str, Any]:
        least = {"steps": min(1, hparams.get("steps", 1)), "warmup_steps": 0}
        steps = {key: max(few, round(hparams[key] * scale)) for key, few in least.items() if key in hparams}
        return {**hparams, **steps}

    result["training"] |= {"scale_steps": 1, "defaults": scaled(result["training"]["defaults"])}
    for cascade in result["cascades"]:
        for stage in cascade["stages"]:
            stage["training"] = scaled(stage["training"])
    for entry in result["sweep"]:
        for each in entry.get("rounds", ()):
            each["budget"] = max(1, round(each["budget"] * scale))
    return result
