"""Frames moved and corrected in one pass on a CPU. The C++ is in ``cpp/move.cpp``."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from unsmear.kernels.convolution import load_kernels
from unsmear.networks.motion import PIXELS, MotionNetwork


class _Movement(ctypes.Structure):
    """As ``cpp/move.cpp`` declares it."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("pictures", "maps", "references", "out")),
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
        batch, inputs, colours, height, width = pictures.shape
        number = len(self.references)
        result = torch.empty(batch, number, colours, height, width)
        task = _Movement(
            *(pictures.data_ptr(), maps.data_ptr(), ctypes.addressof(self.references), result.data_ptr(), PIXELS),
            *(batch, inputs, number, height, width, self.patch, torch.get_num_threads()),
        )
        load_kernels().move_frames(ctypes.byref(task))
        return result
