"""Weights files of others, read as plain tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_legacy(path: Path) -> Any:
    """Read what ``torch.save`` wrote, tensors and plain containers only: no code in the file is run.

    Raises
    ------
    ValueError
        If the file is torn, of another kind, or holds more than that.
    """
    import pickle

    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).split("\n", maxsplit=1)[0]
        raise ValueError(f"{path} cannot be read as torch weights ({reason}); fetch it again") from None
