"""Telling lack of memory from other errors."""

from __future__ import annotations

import torch

# What has no error class of its own: a CPU's allocator, and libraries that allocate on a GPU by themselves.
_TEXTS = ("allocate memory", "out of memory", "cublas_status_alloc_failed", "cudnn_status_alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python's or torch's tells that memory ran out, on whatever device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _TEXTS)
