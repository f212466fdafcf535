"""The few operations that differ between NumPy arrays and torch tensors.

Every metric is written once for both: systems are scored where their predictions lie (a GPU,
perhaps), the plain input is scored without importing torch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# A NumPy array or a torch tensor; a union would make each arithmetic line a type error.
Images = Any


def to_double(images: Images) -> Images:
    """``images`` in float64."""
    return images.astype(np.float64) if isinstance(images, np.ndarray) else images.double()


def to_integer(images: Images) -> Images:
    """8-bit ``images`` in int32: squared differences fit, and both libraries sum them in int64."""
    return images.astype(np.int32) if isinstance(images, np.ndarray) else images.int()


def is_8_bit(images: Images) -> bool:
    """Whether ``images`` holds unsigned 8-bit codes."""
    return str(images.dtype).removeprefix("torch.") == "uint8"


def to_numpy(images: Images) -> np.ndarray:
    """``images`` as a NumPy array in main memory."""
    return np.asarray(images) if not hasattr(images, "detach") else images.detach().cpu().numpy()


def check_same_shape(prediction: Images, truth: Images) -> None:
    """Refuse two arrays that NumPy would silently broadcast."""
    if tuple(prediction.shape) != tuple(truth.shape):
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and truth {tuple(truth.shape)} differ in shape; "
            "give two arrays of the same shape"
        )
