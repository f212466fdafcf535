"""Instance norm, ReLU and convolution in one pass on a CPU, a 3x3 one with a quarter of the multiplications.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. The C++ is in ``cpp``.
"""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from unsmear.kernels.build import load_library
from unsmear.networks.blocks import InstanceNorm

# From three weights in a row to six points: 0, 1, -1, 1/2, -2 and infinity.
WEIGHTS_TO_POINTS = (
    (1, 0, 0),
    (1 / 3, 1 / 3, 1 / 3),
    (-1 / 3, 1 / 3, -1 / 3),
    (-16 / 15, -8 / 15, -4 / 15),
    (1 / 15, -2 / 15, 4 / 15),
    (0, 0, 1),
)
TILE = 4


class _Convolution(ctypes.Structure):
    """As ``cpp/convolution.h`` declares it."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("x", "means", "deviations", "gain", "bias", "weights", "add", "out")),
        *((name, ctypes.c_int) for name in ("batch", "height", "width", "inputs", "outputs", "columns")),
        *((name, ctypes.c_int) for name in ("size", "dilation", "threads")),
    ]


@cache
def load_kernels() -> ctypes.CDLL:
    """The compiled kernels.

    Raises
    ------
    NativeError
        If they cannot be compiled here.
    """
    library = load_library(Path(__file__).parent / "cpp")
    library.measure_planes.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    for kernel in (library.compute_gated_block, library.move_frames, library.move_backward):
        kernel.argtypes = [ctypes.c_void_p]
    library.convolve_direct.argtypes = library.convolve_winograd.argtypes = [ctypes.POINTER(_Convolution)]
    return library


@lru_cache(maxsize=256)
def is_direct_cheaper(height: int, width: int, dilation: int) -> bool:
    """Whether a 3x3 convolution of such maps takes fewer multiplications tap by tap than by tiles.

    So it is where a wide dilation leaves most taps outside, or single pixels to a tile.
    """
    direct, tiles = 1, 1
    for side in (height, width):
        direct *= side + 2 * max(0, side - dilation)
        tiles *= sum(-(-len(range(first, side, dilation)) // TILE) for first in range(min(dilation, side)))
    return direct < tiles * (TILE + 2) ** 2


class Statistics:
    """Mean and deviation of each plane of (B, H, W, C) maps, float32 and contiguous."""

    def __init__(self, maps: Tensor) -> None:
        batch, height, width, channels = maps.shape
        self.means, self.deviations = torch.empty(2, batch, channels, dtype=torch.float32).unbind()
        pointers = (maps.data_ptr(), self.means.data_ptr(), self.deviations.data_ptr())
        load_kernels().measure_planes(*pointers, batch, height * width, channels, torch.get_num_threads())


class NormalisedConvolution:
    """Instance norm, ReLU and a 1x1 or 3x3 convolution in one pass.

    Parameters
    ----------
    norm, convolution : their weights are read here, once
    """

    def __init__(self, norm: InstanceNorm, convolution: nn.Conv2d) -> None:
        self.gain, self.bias = (
            parameter.detach().to("cpu", torch.float32, copy=True) for parameter in (norm.weight, norm.bias)
        )
        self.outputs, self.size, self.dilation = (
            convolution.out_channels,
            convolution.kernel_size[0],
            convolution.dilation[0],
        )
        weights = convolution.weight.detach().to("cpu", torch.float32)
        # Each form is kept only where a size of maps may ask for it.
        self.taps = _pack(weights) if self.size == 1 or self.dilation > 1 else None
        self.points = _pack(_to_points(weights)) if self.size == 3 else None

    def __call__(
        self, maps: Tensor, statistics: Statistics, add: Tensor | None = None, in_place: bool = False
    ) -> Tensor:
        """(B, H, W, inputs), float32 and contiguous, to (B, H, W, outputs), plus ``add`` of that shape.

        The sum takes the place of ``add`` where ``in_place`` says so.
        """
        batch, height, width, inputs = maps.shape
        direct = self.points is None or (self.taps is not None and is_direct_cheaper(height, width, self.dilation))
        weights = self.taps if direct else self.points
        assert weights is not None
        if add is not None and in_place:
            result = add
        else:
            result = torch.empty(batch, height, width, self.outputs, dtype=torch.float32)
        task = _Convolution(
            x=maps.data_ptr(),
            means=statistics.means.data_ptr(),
            deviations=statistics.deviations.data_ptr(),
            gain=self.gain.data_ptr(),
            bias=self.bias.data_ptr(),
            weights=weights.data_ptr(),
            add=None if add is None else add.data_ptr(),
            out=result.data_ptr(),
            batch=batch,
            height=height,
            width=width,
            inputs=inputs,
            outputs=self.outputs,
            columns=weights.shape[-1],
            size=self.size,
            dilation=self.dilation,
            threads=torch.get_num_threads(),
        )
        kernels = load_kernels()
        (kernels.convolve_direct if direct else kernels.convolve_winograd)(ctypes.byref(task))
        return result


def _to_points(weights: Tensor) -> Tensor:
    """(outputs, inputs, 3, 3) to (outputs, inputs, 6, 6), rounded once."""
    matrix = torch.tensor(WEIGHTS_TO_POINTS, dtype=torch.float64)
    return (matrix @ weights.double() @ matrix.T).float()


def _pack(weights: Tensor) -> Tensor:
    """(outputs, inputs, h, w) to (panels, h w, inputs, columns of a panel), the last panel filled up with zeros."""
    columns = load_kernels().columns_of_panel(len(weights))
    rows = weights.flatten(2).permute(2, 1, 0)
    filled = functional.pad(rows, (0, -len(weights) % columns))
    return filled.unflatten(-1, (-1, columns)).permute(2, 0, 1, 3).contiguous()
