"""The published network for the frames beside the middle, in all its uses.

Source: Jin, Meishvili, Favaro, CVPR 2018, and its released model.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unsmear.networks.blocks import ColourHead, Trunk, TwoPathBlock, convolve, fold_colours, unfold_colours
from unsmear.networks.config import PublishedPairConfig
from unsmear.networks.padding import pad_to_multiple


def find_references(predicts: tuple[int, ...], conditions_on: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """For each predicted frame, the numbers of its first and second reference.

    The second reference, which the network corrects, is the nearest frame that is given; the
    first is the next nearest. Frames that the stage itself has predicted before are taken only
    where fewer than two are given, and where there is one alone it is both. Of two frames
    equally near, the one nearer to the middle of the stage's frames goes first.
    """
    references = []
    for index, frame in enumerate(predicts):
        own = predicts[:index] if len(conditions_on) < 2 else ()
        ranks = [
            (abs(other - frame), abs(len(predicts) * other - sum(predicts)), place, other)
            for place, other in enumerate((*conditions_on, *own))
        ]
        nearest = [rank[-1] for rank in sorted(ranks)]
        references.append((nearest[min(1, len(nearest) - 1)], nearest[0]))
    return tuple(references)


class OffCentreNetwork(nn.Module):
    """One frame from the blurry image and two reference frames, as a correction to the second.

    Parameters
    ----------
    config : size
    """

    def __init__(self, config: PublishedPairConfig) -> None:
        super().__init__()
        self.patch, area, width = config.patch, config.patch**2, config.width
        plain = ((1, 1),) * config.blocks
        self.enter_blurry = convolve(area, width // 2, 5)
        self.enter_first = convolve(area, width // 4, 5)
        self.enter_second = convolve(area, width // 4, 5)
        self.trunk = Trunk(width, area, (plain, ((1, 2), (4, 8), (8, 4), (2, 1)), plain))
        self.head = ColourHead(config.colour_width, TwoPathBlock(config.colour_width, config.colour_width))

    def forward(self, blurry: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Three times (B, 3, H, W), of any height and width, to (B, 3, H, W)."""
        height, width = second.shape[-2:]
        given = pad_to_multiple(torch.stack((blurry, first, second), dim=1), self.patch)
        folded = [fold_colours(picture, self.patch) for picture in given.unbind(1)]
        entered = (self.enter_blurry(folded[0]), self.enter_first(folded[1]), self.enter_second(folded[2]))
        sharper = unfold_colours(self.trunk(torch.cat(entered, dim=1)) + folded[2], self.patch)
        correction: Tensor = self.head(sharper)[..., :height, :width]
        return correction + second


class PublishedPair(nn.Module):
    """Predict the frames of a stage beside the middle, each from its two nearest references.

    Parameters
    ----------
    predicts, conditions_on : frames of the stage, numbered from 1
    config : size, and whether all frames share one network
    """

    def __init__(self, predicts: tuple[int, ...], conditions_on: tuple[int, ...], config: PublishedPairConfig) -> None:
        super().__init__()
        self.predicts, self.conditions_on, self.sharing = predicts, conditions_on, config.sharing
        self.references = find_references(predicts, conditions_on)
        self.networks = nn.ModuleList(OffCentreNetwork(config) for _ in range(1 if config.sharing else len(predicts)))

    @property
    def stride(self) -> int:
        """1: any size is taken, for each network pads by itself also what another one predicted."""
        return 1

    def forward(self, pictures: Tensor) -> Tensor:
        """Predict frames.

        Parameters
        ----------
        pictures : (B, 1 + len(conditions_on), 3, H, W), the blurry image first, full scale 1

        Returns
        -------
        (B, len(predicts), 3, H, W)
        """
        blurry, given = pictures[:, 0], pictures[:, 1:].unbind(1)
        known = dict(zip(self.conditions_on, given, strict=True))
        if self.sharing and all(set(pair) <= set(known) for pair in self.references):
            return self._predict_at_once(blurry, known)
        for index, (frame, (first, second)) in enumerate(zip(self.predicts, self.references, strict=True)):
            network = self.networks[0 if self.sharing else index]
            known[frame] = network(blurry, known[first], known[second])
        return torch.stack([known[frame] for frame in self.predicts], dim=1)

    def _predict_at_once(self, blurry: Tensor, known: dict[int, Tensor]) -> Tensor:
        number = len(self.predicts)
        firsts = torch.cat([known[first] for first, _ in self.references])
        seconds = torch.cat([known[second] for _, second in self.references])
        frames = self.networks[0](blurry.repeat(number, 1, 1, 1), firsts, seconds)
        return torch.stack(frames.chunk(number), dim=1)
