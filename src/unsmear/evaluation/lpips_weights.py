"""LPIPS weights: two configured files become one that evaluations read, wherever they run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from unsmear.evaluation.config import LpipsWeights
from unsmear.evaluation.lpips import Lpips
from unsmear.fetch import MissingFileError, obtain_file
from unsmear.files import write_atomically

log = logging.getLogger(__name__)

Variant = Literal["alex", "vgg"]


def fetch_lpips(variant: Variant, files: LpipsWeights, output: str | Path) -> None:
    """Write the weights of one variant as safetensors; without weights, but with the reason, if a file is not there.

    Raises
    ------
    ValueError
        If a file has another SHA-256 or does not hold the weights of this variant.
    """
    network = Lpips(variant)
    metadata: dict[str, str] = {"variant": variant}
    try:
        trunk = _read(obtain_file(files.trunk, files.trunk_sha256))
        linear = _read(obtain_file(files.linear, files.linear_sha256))
    except MissingFileError as error:
        metadata["absent"] = str(error)
        log.warning("%s", _without(variant, str(error), output))
        state: dict[str, Tensor] = {}
    else:
        # Saved as lin0.model.1.weight, shape (1, C, 1, 1), after a dropout.
        weights = [value.flatten() for key, value in sorted(linear.items()) if key.startswith("lin")]
        features = {key: value for key, value in trunk.items() if key.startswith("features.")}
        try:
            network.load_state_dict(features | {f"linear.{place}": value for place, value in enumerate(weights)})
        except RuntimeError as error:
            raise ValueError(f"{files.trunk} and {files.linear} are no weights of LPIPS {variant}: {error}") from error
        state = network.state_dict()
    with write_atomically(output) as temporary:
        save_file(state, temporary, metadata)


def load_lpips(variant: Variant, path: str | Path, device: str) -> Lpips | None:
    """Build one variant from what :func:`fetch_lpips` wrote; None, after a warning, if that holds no weights.

    Raises
    ------
    ValueError
        If the file is torn.
    """
    network = Lpips(variant)
    try:
        with safe_open(path, framework="pt") as opened:
            absent = (opened.metadata() or {}).get("absent")
            if absent is not None:
                log.warning("%s", _without(variant, absent, path))
                return None
            network.load_state_dict({key: opened.get_tensor(key) for key in opened.keys()})  # noqa: SIM118
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ValueError(f"{path} cannot be read as LPIPS weights ({error}); delete it and run again") from None
    return network.requires_grad_(False).eval().to(device)


def _without(variant: str, reason: str, path: str | Path) -> str:
    return f"no column lpips_{variant}: {reason}. To try again, delete {path}"


def _read(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
