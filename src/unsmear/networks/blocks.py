"""Blocks of the published networks: pre-activated, without bias, normalised plane by plane.

Source: Jin, Meishvili, Favaro, "Learning to Extract a Video Sequence from a Single
Motion-Blurred Image", CVPR 2018, and its released model.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class InstanceNorm(nn.Module):
    r"""Normalise each plane, then scale and shift: :math:`w (x - \bar x) / \sqrt{\sigma^2 + 10^{-5}} + b`.

    There are no running statistics; training and inference compute the same.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        # Not functional.instance_norm, which refuses planes of a single pixel.
        return torch.instance_norm(x, self.weight, self.bias, None, None, True, 0.0, 1e-5, True)


def convolve(inputs: int, outputs: int, size: int, dilation: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps height and width; zeros continue the border."""
    padding = dilation * (size // 2)
    return nn.Conv2d(inputs, outputs, size, padding=padding, dilation=dilation, bias=False)


class ResidualBlock(nn.Module):
    """Input, plus a 1x1 path, plus a path of two dilated 3x3 convolutions.

    Parameters
    ----------
    channels : of input and output
    dilations : of the first and the second 3x3 convolution; (1, 1) is the plain block
    """

    def __init__(self, channels: int, dilations: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.norm_point = InstanceNorm(channels)
        self.point = convolve(channels, channels, 1)
        self.norm_first = InstanceNorm(channels)
        self.first = convolve(channels, channels, 3, dilations[0])
        self.norm_second = InstanceNorm(channels)
        self.second = convolve(channels, channels, 3, dilations[1])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        near = self.point(functional.relu(self.norm_point(x)))
        wide = self.first(functional.relu(self.norm_first(x)))
        wide = self.second(functional.relu(self.norm_second(wide)))
        return x + near + wide


class TwoPathBlock(nn.Module):
    """Sum of a 1x1 path and a 3x3 path, from ``inputs`` to ``outputs`` channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm_point = InstanceNorm(inputs)
        self.point = convolve(inputs, outputs, 1)
        self.norm_first = InstanceNorm(inputs)
        self.first = convolve(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W)."""
        return self.point(functional.relu(self.norm_point(x))) + self.first(functional.relu(self.norm_first(x)))


class Trunk(nn.Module):
    """Groups of residual blocks, each feeding the next; the sum of what is fused after every group.

    Parameters
    ----------
    width : channels of the blocks
    outputs : channels of the sum
    dilations : for each group, the dilations of its blocks
    """

    def __init__(self, width: int, outputs: int, dilations: tuple[tuple[tuple[int, int], ...], ...]) -> None:
        super().__init__()
        self.groups = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width, pair) for pair in group)) for group in dilations
        )
        self.fuses = nn.ModuleList(TwoPathBlock(width, outputs) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) to (B, outputs, H, W)."""
        fused = []
        for group, fuse in zip(self.groups, self.fuses, strict=True):
            x = group(x)
            fused.append(fuse(x))
        return torch.stack(fused).sum(dim=0)


class ColourHead(nn.Module):
    """Where the colours meet: three planes to three planes.

    Parameters
    ----------
    width : channels between the two 3x3 convolutions
    block : what stands between them
    """

    def __init__(self, width: int, block: nn.Module) -> None:
        super().__init__()
        self.enter = convolve(3, width, 3)
        self.block = block
        self.norm = InstanceNorm(width)
        self.leave = convolve(width, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to the same shape."""
        return self.correct(self.block(self.enter(x)))

    def correct(self, maps: Tensor) -> Tensor:
        """(B, width, H, W) to (B, 3, H, W)."""
        correction: Tensor = self.leave(functional.relu(self.norm(maps)))
        return correction


def fold_colours(picture: Tensor, patch: int) -> Tensor:
    """Each colour a sample of its own, pixels folded: (B, 3, H, W) to (3 B, patch^2, H/patch, W/patch)."""
    return functional.pixel_unshuffle(picture.reshape(-1, 1, *picture.shape[-2:]), patch)


def unfold_colours(maps: Tensor, patch: int) -> Tensor:
    """Undo :func:`fold_colours`."""
    planes = functional.pixel_shuffle(maps, patch)
    return planes.reshape(-1, 3, *planes.shape[-2:])
