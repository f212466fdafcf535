"""How much memory there is, and how much a cascade takes."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from unsmear.cascade.cascade import predict_frames
from unsmear.cascade.stage import Stage

# Workspaces of the convolutions and what the allocator keeps, which no tensor shows.
OVERHEAD = 2.0
# The same where kernels keep what lies between layers in caches; 0.8 was measured.
FUSED = 1.1
_PROBE = 256
_CGROUP = Path("/sys/fs/cgroup")


def free_memory(device: torch.device | str = "cpu") -> int:
    """Bytes that can still be taken: on the GPU, or on this machine within the limits of a container."""
    device = torch.device(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = int(psutil.virtual_memory().available)
    if device.type == "mps":
        free = min(free, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        if limit.isdigit():
            statistics = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
            # Pages of files can be given back at any time.
            used = int((_CGROUP / "memory.current").read_text()) - int(statistics.get("inactive_file", 0))
            free = min(free, int(limit) - used)
    except OSError:
        pass
    return max(free, 0)


def bytes_per_pixel(stages: Sequence[Stage], fused: bool = False) -> float:
    """Memory that a picture takes at the worst moment of these stages, bytes a pixel, computed without computing.

    Parameters
    ----------
    fused : whether kernels run the blocks
    """
    with torch.device("meta"), torch.inference_mode():
        copies = [Stage(stage.spec, stage.energy, stage.response).eval() for stage in stages]
        for copy, stage in zip(copies, stages, strict=True):
            copy.views = stage.views
        picture = torch.empty(1, 3, _PROBE, _PROBE)
        with _Peak() as memory:
            predicted = predict_frames(copies, picture)
        del predicted
    return (FUSED if fused else OVERHEAD) * (memory.peak / _PROBE**2 + 12)


class _Peak(TorchDispatchMode):
    """Largest sum of the bytes of the tensors that are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._seen: dict[int, Any] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, torch.Tensor):
                self._count(value.untyped_storage())
        self.peak = max(self.peak, self.live)
        return result

    def _count(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self._seen:
            size = storage.nbytes()
            self.live += size
            self._seen[key] = weakref.finalize(storage, self._release, key, size)

    def _release(self, key: int, size: int) -> None:
        self._seen.pop(key, None)
        self.live -= size
