"""Frames moved and corrected in one pass on a CPU. The C++ is in ``cpp/move.cpp``."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from unsmear.kernels.convolution import load_kernels
from unsmear.networks.motion import PIXELS, MotionNetwork


class _Movement(ctypes.Structure):
    """As ``cpp/move.cpp`` declares it."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("pictures", "maps", "references", "out", "gradient")),
        ("pixels", ctypes.c_float),
        *((name, ctypes.c_int) for name in ("batch", "inputs", "frames", "height", "width", "patch", "threads")),
    ]


class FusedMovement:
    """:meth:`MotionNetwork.move <unsmear.networks.motion.MotionNetwork.move>` in one pass over memory."""

    def __init__(self, network: MotionNetwork) -> None:
        self.patch = network.patch
        self.references = (ctypes.c_int * len(network.references))(*network.references)

    def __call__(self, pictures: Tensor, maps: Tensor) -> Tensor:
        """As the method, float32."""
        pictures, maps = pictures.contiguous(), maps.permute(0, 2, 3, 1).contiguous()
        result = pictures.new_empty(len(pictures), len(self.references), *pictures.shape[2:])
        load_kernels().move_frames(ctypes.byref(self._task(pictures, maps, result)))
        return result

    def backward(self, pictures: Tensor, maps: Tensor, gradient: Tensor) -> Tensor:
        """Gradient of the maps, (B, K (2 + 3 patch^2), H / patch, W / patch), from that of the frames; float32."""
        pictures, maps, gradient = pictures.contiguous(), maps.permute(0, 2, 3, 1).contiguous(), gradient.contiguous()
        result = torch.empty_like(maps)
        load_kernels().move_backward(ctypes.byref(self._task(pictures, maps, gradient, result)))
        return result.permute(0, 3, 1, 2)

    def _task(self, pictures: Tensor, maps: Tensor, frames: Tensor, gradient: Tensor | None = None) -> _Movement:
        batch, inputs, _, height, width = pictures.shape
        return _Movement(
            *(pictures.data_ptr(), maps.data_ptr(), ctypes.addressof(self.references), frames.data_ptr()),
            *(None if gradient is None else gradient.data_ptr(), PIXELS),
            *(batch, inputs, len(self.references), height, width, self.patch, torch.get_num_threads()),
        )


class _Move(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, pictures: Tensor, maps: Tensor, movement: FusedMovement) -> Tensor:
        ctx.save_for_backward(pictures, maps)
        ctx.movement = movement
        return movement(pictures, maps.float())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        pictures, maps = ctx.saved_tensors
        return None, ctx.movement.backward(pictures, maps.float(), gradient).to(maps.dtype), None


def move_with_gradient(
    network: MotionNetwork, slow: Callable[[Tensor, Tensor], Tensor], pictures: Tensor, maps: Tensor
) -> Tensor:
    """:meth:`MotionNetwork.move` for float32 pictures on a CPU that are given, not learned; else ``slow`` does it."""
    serves = pictures.is_cpu and pictures.dtype is torch.float32 and maps.dtype in (torch.float32, torch.bfloat16)
    if not (serves and maps.numel()) or pictures.requires_grad:
        return slow(pictures, maps)
    return cast(Tensor, _Move.apply(pictures, maps, FusedMovement(network)))
