"""A stage: its network, what it is given, and the padding to the network's stride."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from unsmear.cascade.spec import StageSpec
from unsmear.networks.build import build_network
from unsmear.networks.padding import pad_to_multiple


class Stage(nn.Module):
    """Predicts the frames of one :class:`StageSpec`.

    Parameters
    ----------
    spec : what is predicted from what
    energy : (3,) mean energy of the camera's PSFs; the blurry image is divided by it
        where ``spec.equalise`` is set
    """

    input_gain: Tensor

    def __init__(self, spec: StageSpec, energy: tuple[float, ...] = (1.0, 1.0, 1.0)) -> None:
        super().__init__()
        self.spec = spec
        self.energy = tuple(float(e) for e in energy)
        self.network = build_network(spec.network, spec.predicts, spec.conditions_on)
        gain = 1 / torch.tensor(self.energy) if spec.equalise else torch.ones(3)
        self.register_buffer("input_gain", gain.reshape(3, 1, 1), persistent=False)

    def forward(self, blurry: Tensor, known: Mapping[int, Tensor]) -> Tensor:
        """Predict frames.

        Parameters
        ----------
        blurry : (B, 3, H, W), full scale 1
        known : frame number to (B, 3, H, W), at least the frames conditioned on

        Returns
        -------
        (B, len(spec.predicts), 3, H, W), not clipped
        """
        given = [blurry * self.input_gain, *(known[frame] for frame in self.spec.conditions_on)]
        pictures = torch.stack(given, dim=1)
        height, width = pictures.shape[-2:]
        padded = pad_to_multiple(pictures, int(self.network.stride))  # type: ignore[arg-type]
        frames: Tensor = self.network(padded)[..., :height, :width]
        return frames
