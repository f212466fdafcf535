"""What a weights file says about itself, read without its tensors, and without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unsmear.cascade.spec import StageSpec

FORMAT_VERSION = 1
_KEYS = ("spec", "energy", "num_frames", "camera", "hparams", "provenance")
_LENGTH_BYTES = 8
_MAX_BYTES = 100 * 2**20  # as in safetensors


def read_header(path: str | Path) -> dict[str, Any]:
    """Read what a weights file says about itself.

    Raises
    ------
    ValueError
        If the file is missing, torn, of another program or of a newer format, or does not say what it is.
    """
    try:
        metadata = _read_metadata(Path(path))
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{path} cannot be read as weights ({error}); train or import the stage again") from error
    if "unsmear" not in metadata:
        raise ValueError(f"{path} has no unsmear header; it was not written by this program")
    try:
        header = dict(json.loads(metadata["unsmear"]))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} has a damaged unsmear header ({error}); train or import the stage again") from error
    if header.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path} has weights format {header.get('format_version')}, this version reads {FORMAT_VERSION}"
        )
    try:
        if missing := [key for key in _KEYS if key not in header]:
            raise ValueError(f"it lacks {', '.join(missing)}")
        StageSpec.model_validate(header["spec"])
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} does not say which stage it is ({reason}); train or import it again") from error
    return header


def _read_metadata(path: Path) -> dict[str, str]:
    """Texts in the header of a safetensors file. By hand, as Snakemake plans without that package."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > _MAX_BYTES:
            raise ValueError("it is no safetensors file")
        content = json.loads(file.read(length))
    texts: dict[str, str] = content.pop("__metadata__", {})
    end = max((entry["data_offsets"][1] for entry in content.values()), default=0)
    if path.stat().st_size != _LENGTH_BYTES + length + end:
        raise ValueError("it is torn")
    return texts
