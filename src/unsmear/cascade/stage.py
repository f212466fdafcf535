"""A stage: its network, what it is given, the light that its camera loses, and the padding to the network's stride."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unsmear.cascade.self_ensemble import SYMMETRIES, choose_views, mean_over_views
from unsmear.cascade.spec import StageSpec
from unsmear.networks.build import build_network
from unsmear.networks.padding import pad_to_multiple
from unsmear.optics.response import Response, equalised_codes


class StageOutput(NamedTuple):
    """What a stage predicts.

    frames : (B, len(spec.predicts), 3, H, W), not clipped
    motion : (B, len(spec.predicts), 2, h, w), the displacement of each frame's pixels to where they lie in the frame
        that it corrects, pixels of the picture, on a coarser grid; None where the network predicts none
    """

    frames: Tensor
    motion: Tensor | None


class Stage(nn.Module):
    """Predicts the frames of one :class:`StageSpec`.

    Parameters
    ----------
    spec : what is predicted from what
    energy : (3,) mean energy of the camera's PSFs; the blurry image is divided by it, in linear
        light, where ``spec.equalise`` is set
    response : the camera's, between encoded values and linear light
    symmetries : the camera's, among mirror_x, mirror_y and transpose

    Attributes
    ----------
    views : the picture's views over which the frames are averaged; at first the picture itself alone
    """

    input_gain: Tensor
    input_curve: Tensor

    def __init__(
        self,
        spec: StageSpec,
        energy: tuple[float, ...] = (1.0, 1.0, 1.0),
        response: Response | None = None,
        symmetries: Collection[str] = SYMMETRIES,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.energy = tuple(float(e) for e in energy)
        self.response = response or Response()
        self.symmetries = frozenset(symmetries)
        self.views = choose_views(1)
        self.network = build_network(spec.network, spec.predicts, spec.conditions_on)
        gain = 1 / torch.tensor(self.energy) if spec.equalise else torch.ones(3)
        self.register_buffer("input_gain", gain.reshape(3, 1, 1), persistent=False)
        self.loses_light = spec.equalise and max(abs(e - 1) for e in self.energy) > 1e-6
        self.bends = self.loses_light and self.response.kind != "identity"
        if self.bends:
            curve = torch.tensor(equalised_codes(self.energy, self.response).T / 255, dtype=torch.float32)
            self.register_buffer("input_curve", curve.contiguous(), persistent=False)

    def equalise(self, blurry: Tensor) -> Tensor:
        """Restore the light that the PSFs lose: a factor a colour, or for a camera with a response a curve.

        Parameters
        ----------
        blurry : (B, 3, H, W), encoded, full scale 1; between two codes the curve is a straight line

        Returns
        -------
        (B, 3, H, W)
        """
        if not self.loses_light:
            return blurry
        if not self.bends:
            return blurry * self.input_gain
        last = self.input_curve.shape[1] - 1
        place = last * blurry.clamp(0, 1)
        code = place.long().clamp(max=last - 1)
        entry = code + torch.arange(0, 3 * (last + 1), last + 1, device=code.device).reshape(3, 1, 1)
        curve = self.input_curve.flatten()
        return torch.lerp(curve[entry], curve[entry + 1], place - code)

    def forward(self, blurry: Tensor, known: Mapping[int, Tensor]) -> StageOutput:
        """Predict frames, and their motion where the network predicts that.

        Parameters
        ----------
        blurry : (B, 3, H, W), full scale 1
        known : frame number to (B, 3, H, W), at least the frames conditioned on
        """
        given = [self.equalise(blurry), *(known[frame] for frame in self.spec.conditions_on)]
        pictures = torch.stack(given, dim=1)
        height, width = pictures.shape[-2:]
        padded = pad_to_multiple(pictures, int(self.network.stride))  # type: ignore[arg-type]
        if not self.predicts_motion:
            frames = self.network(padded) if len(self.views) == 1 else mean_over_views(self.network, padded, self.views)
            return StageOutput(frames[..., :height, :width], None)
        frames, motion = self.network.predict_motion(padded)  # type: ignore[operator]
        patch = self.spec.network.patch
        motion = motion[..., : -(-height // patch), : -(-width // patch)]
        return StageOutput(frames[..., :height, :width], motion)

    @property
    def predicts_motion(self) -> bool:
        """Whether the network's frames come with displacement fields."""
        return self.spec.network.kind == "motion"
