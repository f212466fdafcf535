"""A network that sees the three colours of every input together.

An encoder-decoder in the line of NAFNet (Chen et al., "Simple Baselines for Image
Restoration", ECCV 2022): layer norm, gated units, simplified channel attention.
The phase mask codes time as a difference between colours, so the colours must meet early.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from unsmear.networks.config import JointConfig


class LayerNorm2d(nn.Module):
    """Normalise the channels of each pixel to zero mean and unit variance, then scale and shift."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        y = functional.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-6)
        return y.permute(0, 3, 1, 2)


class GatedBlock(nn.Module):
    """Residual block: gated depth-wise convolution with channel attention, then a gated 1x1 layer."""

    def __init__(self, channels: int, attention: bool = True) -> None:
        super().__init__()
        self.norm1 = LayerNorm2d(channels)
        self.expand1 = nn.Conv2d(channels, 2 * channels, 1)
        self.spatial = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels)
        self.attention = nn.Conv2d(channels, channels, 1) if attention else None
        self.project1 = nn.Conv2d(channels, channels, 1)
        self.norm2 = LayerNorm2d(channels)
        self.expand2 = nn.Conv2d(channels, 2 * channels, 1)
        self.project2 = nn.Conv2d(channels, channels, 1)
        self.scale1 = nn.Parameter(torch.full((channels, 1, 1), 0.1))
        self.scale2 = nn.Parameter(torch.full((channels, 1, 1), 0.1))
        # Side of a cell in positions, and cells a side of the window; None is the whole picture.
        self.window: tuple[int, int] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        a, b = self.spatial(self.expand1(self.norm1(x))).chunk(2, dim=1)
        gated = a * b
        if self.attention is not None:
            gated = gated * self._attend(gated, self.attention)
        x = x + self.scale1 * self.project1(gated)
        a, b = self.expand2(self.norm2(x)).chunk(2, dim=1)
        return x + self.scale2 * self.project2(a * b)

    def _attend(self, gated: Tensor, weigh: nn.Module) -> Tensor:
        """Factors of the channels: one for the picture (B, C, 1, 1), or one for each position (B, C, H, W)."""
        height, width = gated.shape[-2:]
        if self.window is None or max(height, width) <= self.window[0] * self.window[1]:
            factors: Tensor = weigh(gated.mean(dim=(2, 3), keepdim=True))
            return factors
        cell, span = self.window
        factors = weigh(_window_means(gated, cell, span))
        factors = functional.interpolate(factors, scale_factor=cell, mode="bilinear") if cell > 1 else factors
        return factors[..., :height, :width]


class Stem(nn.Conv2d):
    """Patches of stacked pictures to maps, each with its neighbours."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__(channels * patch**2, width, 3, padding=1)
        self.patch = patch

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / patch, W / patch)."""
        return super().forward(functional.pixel_unshuffle(pictures, self.patch))


class Enlarge(nn.Sequential):
    """Twice the sides and half the channels, by a 1x1 convolution and a pixel shuffle, added to finer maps."""

    def __init__(self, channels: int) -> None:
        super().__init__(nn.Conv2d(channels, 2 * channels, 1, bias=False), nn.PixelShuffle(2))

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:  # type: ignore[override]
        """(B, C, H, W) and (B, C / 2, 2 H, 2 W) to the latter's shape; kernels may write it over the latter."""
        wide: Tensor = super().forward(x)
        return wide + finer


class JointNetwork(nn.Module):
    """Predict frames as corrections to reference pictures, all colours in one trunk.

    Parameters
    ----------
    num_inputs : pictures that are stacked: the blurry image and the frames conditioned on
    references : for each predicted frame, the index of the input that it corrects
    config : size
    """

    def __init__(self, num_inputs: int, references: tuple[int, ...], config: JointConfig) -> None:
        super().__init__()
        self.references = references
        self.patch = config.patch
        width, area = config.width, config.patch**2
        self.stem = Stem(3 * num_inputs, width, config.patch)
        self.encoders, self.downs = nn.ModuleList(), nn.ModuleList()
        self.ups, self.decoders = nn.ModuleList(), nn.ModuleList()
        for blocks in config.encoder_blocks:
            self.encoders.append(_blocks(width, blocks, config.attention))
            self.downs.append(nn.Conv2d(width, 2 * width, 2, stride=2))
            width *= 2
        self.middle = _blocks(width, config.middle_blocks, config.attention)
        for blocks in reversed(config.decoder_blocks):
            self.ups.append(Enlarge(width))
            width //= 2
            self.decoders.append(_blocks(width, blocks, config.attention))
        self.head = nn.Conv2d(width, 3 * len(references) * area, 3, padding=1)
        nn.init.normal_(self.head.weight, std=1e-3)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def stride(self) -> int:
        """Sides of a picture must be multiples of this; :class:`~unsmear.cascade.stage.Stage` pads."""
        return int(self.patch * 2 ** len(self.downs))

    def attend_locally(self, window: int | None) -> None:
        """Take the means of channel attention over a window around each place instead of the whole picture.

        A network learns its means from crops: windows of their size keep what it has learned on larger pictures
        (Chu et al., "Improving Image Restoration by Revisiting Global Information Aggregation", ECCV 2022), and
        let a picture be computed in tiles. Pictures that fit into the window keep their one mean.

        Parameters
        ----------
        window : side in px, rounded to an odd number of :attr:`stride`; None takes whole pictures, as in training
        """
        span = None if window is None else max(1, window // self.stride) | 1
        depth = len(self.downs)
        levels = [*self.encoders, self.middle, *reversed(self.decoders)]
        for level, blocks in zip([*range(depth), depth, *range(depth)], levels, strict=True):
            for block in blocks:
                block.window = None if span is None else (2 ** (depth - level), span)

    def forward(self, pictures: Tensor) -> Tensor:
        """Predict frames.

        Parameters
        ----------
        pictures : (B, num_inputs, 3, H, W), full scale 1; H and W multiples of :attr:`stride`

        Returns
        -------
        (B, len(references), 3, H, W)
        """
        correction = functional.pixel_shuffle(self.head(self.features(pictures)), self.patch)
        return self.given(pictures) + correction.unflatten(1, (len(self.references), 3))

    def given(self, pictures: Tensor) -> Tensor:
        """The reference of each predicted frame, (B, len(references), 3, H, W)."""
        return torch.stack([pictures[:, reference] for reference in self.references], dim=1)

    def features(self, pictures: Tensor) -> Tensor:
        """What the trunk makes of the stacked pictures, (B, width, H / patch, W / patch)."""
        x = self.stem(pictures.flatten(1, 2))
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle(x)
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            x = decoder(up(x, skips.pop()))
        return x


def _window_means(x: Tensor, cell: int, span: int) -> Tensor:
    """Means of (B, C, H, W) over windows of span x span cells; near a border, over the nearest window inside."""
    cells = functional.avg_pool2d(x, cell, ceil_mode=True, count_include_pad=False)
    height, width = cells.shape[-2:]
    means = functional.avg_pool2d(cells, (min(span, height), min(span, width)), stride=1)
    down, right = height - means.shape[-2], width - means.shape[-1]
    return functional.pad(means, (right // 2, right - right // 2, down // 2, down - down // 2), mode="replicate")


def _blocks(channels: int, number: int, attention: bool) -> nn.Sequential:
    return nn.Sequential(*(GatedBlock(channels, attention) for _ in range(number)))
