"""A gated block of a joint network in one pass on a CPU. The C++ is in ``cpp/gated_block.cpp``."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor, nn

from unsmear.kernels.convolution import load_kernels
from unsmear.networks.joint import GatedBlock, LayerNorm2d

_LAYERS = ("expand1", "project1", "expand2", "project2")


class _Layer(ctypes.Structure):
    """As ``cpp/gated_block.cpp`` declares it."""

    _fields_ = [("weights", ctypes.c_void_p), ("bias", ctypes.c_void_p)]


class _Block(ctypes.Structure):
    """As ``cpp/gated_block.cpp`` declares it."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("x", "out")),
        *((name, _Layer) for name in _LAYERS),
        *((name, ctypes.c_void_p) for name in ("taps", "tap_bias")),
        *((name, ctypes.c_int) for name in ("batch", "height", "width", "channels", "pairs", "columns", "threads")),
    ]


class FusedGatedBlock:
    """A :class:`~unsmear.networks.joint.GatedBlock` without channel attention, in one pass over memory.

    The scales and shifts of its norms, and those of its branches, become part of the layers beside them.

    Parameters
    ----------
    block : its weights are read here, once
    """

    def __init__(self, block: GatedBlock) -> None:
        lanes = load_kernels().lanes()
        self.channels = block.norm1.weight.numel()
        self.pairs = -(-self.channels // lanes)
        self.columns = (3 if self.channels % (2 * lanes) and self.channels % (3 * lanes) == 0 else 2) * lanes
        spatial, bias = block.spatial.weight, block.spatial.bias
        assert bias is not None
        self.taps = _pair(spatial.detach().flatten(1).double(), lanes)
        self.tap_bias = _pair(bias.detach().double()[:, None], lanes)
        self.layers = [
            self._expand(block.norm1, block.expand1, lanes),
            self._project(block.project1, block.scale1, lanes),
            self._expand(block.norm2, block.expand2, lanes),
            self._project(block.project2, block.scale2, lanes),
        ]

    def __call__(self, maps: Tensor) -> Tensor:
        """(B, H, W, C), float32 and contiguous, to the same shape."""
        batch, height, width, channels = maps.shape
        result = torch.empty_like(maps)
        task = _Block(
            maps.data_ptr(),
            result.data_ptr(),
            *(_Layer(weights.data_ptr(), bias.data_ptr()) for weights, bias in self.layers),
            self.taps.data_ptr(),
            self.tap_bias.data_ptr(),
            *(batch, height, width, channels, self.pairs, self.columns, torch.get_num_threads()),
        )
        load_kernels().compute_gated_block(ctypes.byref(task))
        return result

    def _expand(self, norm: LayerNorm2d, layer: nn.Conv2d, lanes: int) -> tuple[Tensor, Tensor]:
        weights, bias = _matrix(layer)
        bias = bias + weights @ norm.bias.detach().double()
        return _pair(weights * norm.weight.detach().double(), lanes), _pair(bias[:, None], lanes)

    def _project(self, layer: nn.Conv2d, scale: Tensor, lanes: int) -> tuple[Tensor, Tensor]:
        weights, bias = _matrix(layer)
        factors = scale.detach().double().flatten()
        panels = -(-self.channels // self.columns)
        packed = torch.zeros(panels * self.columns, self.pairs * lanes, dtype=torch.float64)
        packed[: self.channels, : self.channels] = factors[:, None] * weights
        shift = torch.zeros(panels * self.columns, dtype=torch.float64)
        shift[: self.channels] = factors * bias
        return packed.unflatten(0, (panels, self.columns)).transpose(1, 2).contiguous().float(), shift.float()


def _matrix(layer: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weights (outputs, inputs) and bias of a 1x1 convolution."""
    assert layer.bias is not None
    return layer.weight.detach().flatten(1).double(), layer.bias.detach().double()


def _pair(rows: Tensor, lanes: int) -> Tensor:
    """(2 C, K) to (pairs, K, 2 x lanes): a vector of the first half of the rows beside that of the second half."""
    halves = nn.functional.pad(rows.unflatten(0, (2, -1)), (0, 0, 0, -(rows.shape[0] // 2) % lanes))
    return halves.unflatten(1, (-1, lanes)).permute(1, 3, 0, 2).flatten(2).contiguous().float()
