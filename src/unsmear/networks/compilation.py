"""Whether torch.compile works on this machine."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor


@cache
def find_obstacle(device_type: str) -> str | None:
    """Why torch.compile fails on a kind of device here, found by compiling one line; None where it works.

    It needs a compiler on a CPU, and on a GPU Triton, a C compiler and Python's headers, which containers and nodes
    of clusters often lack.
    """
    try:
        torch.compile(_example, dynamic=False)(torch.ones(8, device=device_type))
    except Exception as error:  # each of those that can be missing has an error class of its own
        cause = error.__cause__ or error
        return f"{type(cause).__name__}: {str(cause).strip().splitlines()[0] if str(cause).strip() else ''}"[:300]
    return None


def _example(x: Tensor) -> Tensor:
    return torch.relu(x) + 1
