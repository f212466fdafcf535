"""Gated blocks with gradients on a CPU: what lies between their convolutions, one pass over memory each.

Convolutions are torch's. The C++ is in ``cpp/gradients.cpp``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from unsmear.kernels.convolution import load_kernels
from unsmear.kernels.motion import move_with_gradient
from unsmear.networks.joint import GatedBlock, LayerNorm2d
from unsmear.networks.motion import MotionNetwork


def accelerate_training(network: nn.Module) -> int:
    """Let the gated blocks of a network train in fewer passes over memory, and motion networks move frames in one.

    It holds for float32 on a CPU, with bfloat16 products or not; all else runs as before.

    Returns
    -------
    how many parts are faster

    Raises
    ------
    NativeError
        If the kernels cannot be compiled here.
    """
    blocks = [part for part in network.modules() if isinstance(part, GatedBlock) and part.attention is None]
    parts = [block for block in blocks if block.norm1.weight.numel() % 8 == 0]
    movers = [part for part in network.modules() if isinstance(part, MotionNetwork)]
    if parts or movers:
        load_kernels()
    for part in parts:
        part.forward = partial(_forward, part, part.forward)  # type: ignore[method-assign]
    for mover in movers:
        mover.move = partial(move_with_gradient, mover, mover.move)  # type: ignore[method-assign]
    return len(parts) + len(movers)


def _forward(block: GatedBlock, slow: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if not (x.is_cpu and x.dtype in (torch.float32, torch.bfloat16) and x.numel()):
        return slow(x)
    x = x.float()  # where the layer before gives bfloat16
    gated = _Gate.apply(block.spatial(block.expand1(_normalise(block.norm1, x))))
    x = _AddScaled.apply(x, block.scale1, block.project1(gated))
    gated = _Gate.apply(block.expand2(_normalise(block.norm2, x)))
    return cast(Tensor, _AddScaled.apply(x, block.scale2, block.project2(gated)))


def _normalise(norm: LayerNorm2d, x: Tensor) -> Tensor:
    mixed = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") is torch.bfloat16
    return cast(Tensor, _Normalise.apply(x, norm.weight, norm.bias, torch.bfloat16 if mixed else torch.float32))


class _Normalise(torch.autograd.Function):
    """:class:`~unsmear.networks.joint.LayerNorm2d`, its result in the numbers that the next layer multiplies."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Tensor:
        x = _innermost(x)
        moments, out = torch.empty((*x.shape[:3], 2)), torch.empty_like(x, dtype=dtype)
        _call("normalise", dtype, x, weight, bias, moments, out, like=x)
        ctx.save_for_backward(x, weight, moments)
        return out.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, weight, moments = ctx.saved_tensors
        out, sums = torch.empty_like(x), torch.zeros(torch.get_num_threads(), 2, len(weight))
        gradient = _innermost(gradient)
        _call("normalise_backward", gradient.dtype, gradient, x, moments, weight, out, sums, like=x)
        return out.permute(0, 3, 1, 2), sums[0, 0], sums[0, 1], None


class _Gate(torch.autograd.Function):
    """Product of the two halves of the channels."""

    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:
        both = _innermost(both)
        out = both.new_empty((*both.shape[:3], both.shape[3] // 2))
        _call("gate", both.dtype, both, out, like=out)
        ctx.save_for_backward(both)
        return out.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (both,) = ctx.saved_tensors
        out, gradient = torch.empty_like(both), _innermost(gradient)
        _call("gate_backward", both.dtype, gradient, both, out, like=gradient)
        return out.permute(0, 3, 1, 2)


class _AddScaled(torch.autograd.Function):
    """x + scale * branch, with a factor for each channel."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, branch: Tensor) -> Tensor:
        x, branch = _innermost(x), _innermost(branch)
        out = torch.empty_like(x)
        _call("add_scaled", branch.dtype, x, scale, branch, out, like=x)
        ctx.save_for_backward(scale, branch)
        return out.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scale, branch = ctx.saved_tensors
        inner = _innermost(gradient)
        out, sums = torch.empty_like(branch), torch.zeros(torch.get_num_threads(), len(scale))
        _call("add_scaled_backward", branch.dtype, inner, scale, branch, out, sums, like=inner)
        return gradient, sums[0].reshape(scale.shape), out.permute(0, 3, 1, 2)


def _innermost(maps: Tensor) -> Tensor:
    """(B, C, H, W) to (B, H, W, C), contiguous: a view where channels are innermost."""
    return maps.permute(0, 2, 3, 1).contiguous()


def _call(name: str, dtype: torch.dtype, *tensors: Tensor, like: Tensor) -> None:
    """Call a kernel with the pixels and channels of ``like``."""
    kernel = getattr(load_kernels(), f"{name}_{str(dtype).removeprefix('torch.')}")
    pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
    channels = like.shape[-1]
    kernel(*pointers, ctypes.c_long(like.numel() // channels), channels, torch.get_num_threads())
