"""Weights files that say by themselves what they are weights of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from unsmear.cascade.header import FORMAT_VERSION, read_header
from unsmear.cascade.self_ensemble import SYMMETRIES
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.files import write_atomically
from unsmear.optics.response import Response


@dataclass(frozen=True)
class Checkpoint:
    """A stage with its weights and the record of how they came about."""

    stage: Stage
    num_frames: int
    camera: dict[str, Any] = field(default_factory=dict)
    hparams: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)


def save_stage(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write ``weights.safetensors``; equal content gives equal bytes."""
    header = {
        "format_version": FORMAT_VERSION,
        "spec": checkpoint.stage.spec.model_dump(mode="json"),
        "energy": checkpoint.stage.energy,
        "response": checkpoint.stage.response.to_json(),
        "num_frames": checkpoint.num_frames,
        "camera": checkpoint.camera,
        "hparams": checkpoint.hparams,
        "provenance": checkpoint.provenance,
    }
    tensors = {key: value.detach().cpu().contiguous() for key, value in checkpoint.stage.state_dict().items()}
    with write_atomically(path) as temporary:
        save_file(tensors, temporary, metadata={"unsmear": json.dumps(header, sort_keys=True)})


def load_stage(path: str | Path) -> Checkpoint:
    """Rebuild a stage from its weights file alone.

    Raises
    ------
    ValueError
        As :func:`read_header`, or if tensors are missing, unknown or of another shape.
    """
    header = read_header(path)
    # Older files name no response: their stages divide the codes themselves, as they were trained to.
    response = Response.from_json(header.get("response", {"kind": "identity"}))
    # Older files do not tell the camera's symmetries: those of the shipped ones have all.
    symmetries = header["camera"].get("symmetries", SYMMETRIES)
    stage = Stage(StageSpec.model_validate(header["spec"]), tuple(header["energy"]), response, symmetries)
    try:
        stage.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise ValueError(f"{path} does not hold the weights that its header describes: {error}") from error
    return Checkpoint(stage, header["num_frames"], header["camera"], header["hparams"], header["provenance"])
