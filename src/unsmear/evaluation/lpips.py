"""Learned perceptual distance of two images, on plain AlexNet and VGG16 trunks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

# Mean and spread of the trunks' training images, for inputs in [-1, 1].
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
NORM_EPSILON = 1e-10

# Convolutions (channels, kernel, stride, padding); "pool" halves; the distance looks after each "tap".
Convolution = tuple[int, int, int, int]
Layer = Convolution | Literal["tap", "pool"]
ALEX: tuple[Layer, ...] = (
    (64, 11, 4, 2), "tap", "pool", (192, 5, 1, 2), "tap", "pool",
    (384, 3, 1, 1), "tap", (256, 3, 1, 1), "tap", (256, 3, 1, 1), "tap",
)  # fmt: skip
VGG: tuple[Layer, ...] = (
    (64, 3, 1, 1), (64, 3, 1, 1), "tap", "pool", (128, 3, 1, 1), (128, 3, 1, 1), "tap", "pool",
    (256, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1), "tap", "pool",
    (512, 3, 1, 1), (512, 3, 1, 1), (512, 3, 1, 1), "tap", "pool",
    (512, 3, 1, 1), (512, 3, 1, 1), (512, 3, 1, 1), "tap",
)  # fmt: skip
SMALLEST_SIDE = {"alex": 31, "vgg": 16}  # px, below which a trunk's last layers have no output
TRUNKS: dict[str, tuple[tuple[Layer, ...], int]] = {"alex": (ALEX, 3), "vgg": (VGG, 2)}


class Lpips(nn.Module):
    r"""Weighted distance of unit-normalised features, averaged over the picture, summed over layers.

    .. math:: d = \sum_l \frac{1}{H_l W_l} \sum_{h,w} w_l \cdot (\hat f_l(x) - \hat f_l(y))^2

    Its ``features`` are named as in torchvision's AlexNet and VGG16, so that their published state
    dicts load; ``linear`` holds one weight a channel of each looked-at layer.

    Parameters
    ----------
    variant : ``alex`` or ``vgg``

    Source: Zhang et al. 2018, version 0.1.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, variant: Literal["alex", "vgg"]) -> None:
        super().__init__()
        self.variant = variant
        layers, pool_size = TRUNKS[variant]
        modules: list[nn.Module] = []
        self.taps: list[int] = []
        channels, sizes = 3, []
        for layer in layers:
            if layer == "tap":
                self.taps.append(len(modules) - 1)
                sizes.append(channels)
            elif layer == "pool":
                modules.append(nn.MaxPool2d(pool_size, 2))
            else:
                assert not isinstance(layer, str)
                width, kernel, stride, padding = layer
                modules += [nn.Conv2d(channels, width, kernel, stride, padding), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*modules)
        self.linear = nn.ParameterList([nn.Parameter(torch.ones(size)) for size in sizes])
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Distances (B,) of images (B, 3, H, W): 8-bit codes, or numbers in [0, 1].

        Raises
        ------
        ValueError
            If the pictures are smaller than the trunk allows.
        """
        height, width = x.shape[-2:]
        if min(height, width) < SMALLEST_SIDE[self.variant]:
            raise ValueError(
                f"pictures of {width} x {height} px are too small for LPIPS {self.variant}, which needs "
                f"{SMALLEST_SIDE[self.variant]} px a side; remove evaluation.lpips.{self.variant}"
            )
        total = torch.zeros(len(x), device=x.device)
        for of_x, of_y, weight in zip(self._look(x), self._look(y), self.linear, strict=True):
            difference = (_unit(of_x) - _unit(of_y)) ** 2
            total = total + (difference * weight[:, None, None]).sum(dim=1).mean(dim=(1, 2))
        return total

    def _look(self, images: Tensor) -> list[Tensor]:
        full_scale = 255 if images.dtype == torch.uint8 else 1
        found = []
        values = (images.float() / full_scale * 2 - 1 - self.shift) / self.scale
        for index, module in enumerate(self.features):
            values = module(values)
            if index in self.taps:
                found.append(values)
        return found


def _unit(features: Tensor) -> Tensor:
    return features / (features.pow(2).sum(dim=1, keepdim=True).sqrt() + NORM_EPSILON)
