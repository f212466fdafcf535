"""Published networks without gradients on a CPU, faster than layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from unsmear.kernels.convolution import NormalisedConvolution, Statistics, load_kernels
from unsmear.networks.blocks import ColourHead, ResidualBlock, TwoPathBlock

MapsToMaps = Callable[[Tensor], Tensor]


def accelerate(network: nn.Module) -> int:
    """Let the blocks of published networks run in few passes over memory, 3x3 convolutions by Winograd's algorithm.

    It holds for float32 on a CPU without gradients; all else runs as before. Weights are read once: after
    they change, accelerate again.

    Returns
    -------
    how many parts are faster; those whose channels do not fill the processor's vectors stay as they are

    Raises
    ------
    NativeError
        If the kernels cannot be compiled here.
    """
    parts = [part for part in network.modules() if type(part) in _PARTS]
    lanes = load_kernels().lanes() if parts else 1
    number = 0
    for part in parts:
        method, build, inputs = _PARTS[type(part)]
        if getattr(part, inputs).in_channels % lanes == 0:
            setattr(part, method, _without_gradients(getattr(part, method), build(part)))
            number += 1
    return number


def _without_gradients(slow: MapsToMaps, fast: MapsToMaps) -> MapsToMaps:
    def run(x: Tensor) -> Tensor:
        if torch.is_grad_enabled() or x.dtype is not torch.float32 or not x.is_cpu or not x.numel():
            return slow(x)
        return fast(x.permute(0, 2, 3, 1).contiguous()).permute(0, 3, 1, 2)

    return run


def _residual(block: ResidualBlock) -> MapsToMaps:
    point = NormalisedConvolution(block.norm_point, block.point)
    first = NormalisedConvolution(block.norm_first, block.first)
    second = NormalisedConvolution(block.norm_second, block.second)

    def run(maps: Tensor) -> Tensor:
        statistics = Statistics(maps)
        near, wide = point(maps, statistics, maps), first(maps, statistics)
        return second(wide, Statistics(wide), near, in_place=True)

    return run


def _two_path(block: TwoPathBlock) -> MapsToMaps:
    point = NormalisedConvolution(block.norm_point, block.point)
    first = NormalisedConvolution(block.norm_first, block.first)

    def run(maps: Tensor) -> Tensor:
        statistics = Statistics(maps)
        return first(maps, statistics, point(maps, statistics), in_place=True)

    return run


def _correction(head: ColourHead) -> MapsToMaps:
    leave = NormalisedConvolution(head.norm, head.leave)
    return lambda maps: leave(maps, Statistics(maps))


# What is made faster: its method, how, and the layer that tells its channels.
_PARTS: dict[type[nn.Module], tuple[str, Callable[[Any], MapsToMaps], str]] = {
    ResidualBlock: ("forward", _residual, "point"),
    TwoPathBlock: ("forward", _two_path, "point"),
    ColourHead: ("correct", _correction, "leave"),
}
