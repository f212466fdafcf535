"""How many samples fit: the batch size ``auto``."""

from __future__ import annotations

import logging

import psutil
import torch
from torch import Tensor

from unsmear.training.objective import Objective

logger = logging.getLogger(__name__)
LARGEST = 64
# Share of the free memory that activations may take; the rest is for gradients, Adam and the kernels' own use.
MEMORY_SHARE = 0.6


def find_batch_size(objective: Objective, crop: int, num_processes: int, accumulate: int, num_groups: int) -> int:
    """Samples a step, of all processes together: in each part a power of two, as many as fit, up to 64 in all.

    What one sample keeps for the gradients is measured on a sample of noise; a GPU then tries the size
    that follows, and halves it while memory runs out.

    Parameters
    ----------
    objective : on its device
    crop : side of a sample, pixels
    accumulate : parts of a batch; only one of them is in memory
    num_groups : frame groups of the split; a batch has no more samples, unless processes or parts need one each

    Raises
    ------
    torch.OutOfMemoryError
        If not even one sample fits.
    """
    parts = num_processes * accumulate
    each = _kept_bytes(objective, crop)
    device = objective.precision.device
    room = MEMORY_SHARE * _free_bytes(device) / (1 if device.type == "cuda" else num_processes)
    size = 1
    while 2 * size * parts <= min(LARGEST, num_groups) and 2 * size * each <= room:
        size *= 2
    while device.type == "cuda" and not _fits(objective, crop, size):
        if size == 1:
            raise torch.OutOfMemoryError(f"not one sample of {crop} x {crop} pixels fits")
        size //= 2
    logger.info("batch_size auto: %d samples a step, %.0f MB of activations each", size * parts, each / 1e6)
    return size * parts


def _sample(objective: Objective, crop: int, count: int) -> tuple[Tensor, Tensor]:
    precision = objective.precision
    generator = torch.Generator(precision.device).manual_seed(0)
    shape = (count, 1 + len(objective.frames), 3, crop, crop)
    pictures = torch.rand(shape, generator=generator, device=precision.device, dtype=precision.dtype)
    return pictures[:, 0], pictures[:, 1:]


def _kept_bytes(objective: Objective, crop: int) -> int:
    """Bytes that autograd keeps for one sample."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = objective.terms(objective.predict(*_sample(objective, crop, 1)))["loss"].mean()
    parameters = sum(p.untyped_storage().nbytes() for p in objective.stage.parameters())
    del loss
    return max(sum(kept.values()) - parameters, 1)


def _fits(objective: Objective, crop: int, count: int) -> bool:
    try:
        objective.terms(objective.predict(*_sample(objective, crop, count)))["loss"].mean().backward()
    except torch.OutOfMemoryError:
        return False
    finally:
        objective.stage.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
    return True


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    # What is free changes from one run to the next, and with it the result would.
    return psutil.virtual_memory().total // 4
