"""Networks without gradients on a CPU, faster than layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from unsmear.kernels.convolution import NormalisedConvolution, Statistics, load_kernels
from unsmear.kernels.gated import FusedGatedBlock
from unsmear.kernels.motion import FusedMovement
from unsmear.networks.blocks import ColourHead, ResidualBlock, TwoPathBlock
from unsmear.networks.joint import Enlarge, GatedBlock, Stem
from unsmear.networks.motion import MotionNetwork

MapsToMaps = Callable[[Tensor], Tensor]


def accelerate(network: nn.Module) -> int:
    """Let blocks run in few passes over memory, 3x3 convolutions of published networks by Winograd's algorithm.

    It holds for float32 on a CPU without gradients; all else runs as before. Weights are read once: after
    they change, accelerate again.

    Returns
    -------
    how many parts are faster; gated blocks with channel attention, and parts of published networks whose channels do
    not fill the processor's vectors, stay as they are

    Raises
    ------
    NativeError
        If the kernels cannot be compiled here.
    """
    parts = [part for part in network.modules() if type(part) in _PARTS]
    lanes = load_kernels().lanes() if parts else 1
    number = 0
    for part in parts:
        method, build, serves = _PARTS[type(part)]
        if serves(part, lanes):
            setattr(part, method, _without_gradients(getattr(part, method), build(part)))
            number += 1
    return number


def _without_gradients(slow: Callable[..., Tensor], fast: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def run(*maps: Tensor) -> Tensor:
        serves = all(x.dtype is torch.float32 and x.is_cpu and x.numel() for x in maps)
        return fast(*maps) if serves and not torch.is_grad_enabled() else slow(*maps)

    return run


def _channels_innermost(fast: MapsToMaps) -> MapsToMaps:
    return lambda x: fast(x.permute(0, 2, 3, 1).contiguous()).permute(0, 3, 1, 2)


def _residual(block: ResidualBlock) -> MapsToMaps:
    point = NormalisedConvolution(block.norm_point, block.point)
    first = NormalisedConvolution(block.norm_first, block.first)
    second = NormalisedConvolution(block.norm_second, block.second)

    def run(maps: Tensor) -> Tensor:
        statistics = Statistics(maps)
        near, wide = point(maps, statistics, maps), first(maps, statistics)
        return second(wide, Statistics(wide), near, in_place=True)

    return _channels_innermost(run)


def _two_path(block: TwoPathBlock) -> MapsToMaps:
    point = NormalisedConvolution(block.norm_point, block.point)
    first = NormalisedConvolution(block.norm_first, block.first)

    def run(maps: Tensor) -> Tensor:
        statistics = Statistics(maps)
        return first(maps, statistics, point(maps, statistics), in_place=True)

    return _channels_innermost(run)


def _correction(head: ColourHead) -> MapsToMaps:
    leave = NormalisedConvolution(head.norm, head.leave)
    return _channels_innermost(lambda maps: leave(maps, Statistics(maps)))


def _fills_vectors(layer: str) -> Callable[[Any, int], bool]:
    return lambda part, lanes: getattr(part, layer).in_channels % lanes == 0


def _enlarge(layer: Enlarge) -> Callable[[Tensor, Tensor], Tensor]:
    weights = layer.get_parameter("0.weight").detach().flatten(1)
    # The four places of the shuffle before the channels, so that these are added in one piece.
    weights = weights.unflatten(0, (-1, 4)).transpose(0, 1).flatten(0, 1).contiguous()

    def run(maps: Tensor, finer: Tensor) -> Tensor:
        wide = functional.linear(maps.permute(0, 2, 3, 1), weights).unflatten(-1, (2, 2, -1)).transpose(2, 3)
        # Nobody needs the finer maps afterwards.
        total = finer.permute(0, 2, 3, 1).contiguous()
        total.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).add_(wide)
        return total.permute(0, 3, 1, 2)

    return run


def _stem(layer: Stem) -> MapsToMaps:
    # A patch and its neighbours are the pixels under a larger kernel, which need not be sorted first.
    side, channels = layer.patch, layer.in_channels // layer.patch**2
    weights = layer.weight.detach().unflatten(1, (channels, side, side)).permute(0, 1, 4, 2, 5, 3)
    weights = weights.reshape(-1, channels, 3 * side, 3 * side).contiguous(memory_format=torch.channels_last)
    return lambda x: functional.conv2d(
        x.contiguous(memory_format=torch.channels_last), weights, layer.bias, stride=side, padding=side
    )


def _gated(block: GatedBlock) -> MapsToMaps:
    return _channels_innermost(FusedGatedBlock(block))


# What is made faster: its method, how, and whether the kernels serve it with vectors of so many lanes.
_PARTS: dict[type[nn.Module], tuple[str, Callable[[Any], Callable[..., Tensor]], Callable[[Any, int], bool]]] = {
    ResidualBlock: ("forward", _residual, _fills_vectors("point")),
    TwoPathBlock: ("forward", _two_path, _fills_vectors("point")),
    ColourHead: ("correct", _correction, _fills_vectors("leave")),
    GatedBlock: ("forward", _gated, lambda part, lanes: part.attention is None),
    Enlarge: ("forward", _enlarge, lambda part, lanes: True),
    Stem: ("forward", _stem, lambda part, lanes: True),
    MotionNetwork: ("move", FusedMovement, lambda part, lanes: True),
}
