"""The published network for the middle frame.

Source: Jin, Meishvili, Favaro, CVPR 2018, and its released model.
"""

from __future__ import annotations

from torch import Tensor, nn

from unsmear.networks.blocks import ColourHead, ResidualBlock, Trunk, convolve, fold_colours, unfold_colours
from unsmear.networks.config import PublishedCenterConfig


class PublishedCenter(nn.Module):
    """Predict the middle frame; every colour goes through the same trunk by itself.

    Parameters
    ----------
    config : size
    """

    def __init__(self, config: PublishedCenterConfig) -> None:
        super().__init__()
        self.patch, area = config.patch, config.patch**2
        plain = ((1, 1),) * config.blocks
        self.enter = convolve(area, config.width, 5)
        self.trunk = Trunk(
            config.width,
            area,
            (plain, ((1, 2), (2, 4), (4, 8)), ((8, 4), (4, 2), (2, 1)), plain),
        )
        self.head = ColourHead(config.colour_width, ResidualBlock(config.colour_width))

    @property
    def stride(self) -> int:
        """Sides of a picture must be multiples of this."""
        return self.patch

    def forward(self, pictures: Tensor) -> Tensor:
        """Predict the middle frame.

        Parameters
        ----------
        pictures : (B, 1, 3, H, W), the blurry image, full scale 1; H and W multiples of :attr:`stride`

        Returns
        -------
        (B, 1, 3, H, W)
        """
        blurry = pictures[:, 0]
        folded = fold_colours(blurry, self.patch)
        sharper = unfold_colours(self.trunk(self.enter(folded)) + folded, self.patch)
        frame: Tensor = self.head(sharper) + blurry
        return frame.unsqueeze(1)
