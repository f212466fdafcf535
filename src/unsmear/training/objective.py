"""What a stage is trained for: its predictions, the order of the truth, and the loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from unsmear.cascade.cascade import predict_frames
from unsmear.cascade.spec import Order
from unsmear.cascade.stage import Stage
from unsmear.frames.numbering import frame_index
from unsmear.losses.reconstruction import RECONSTRUCTION_LOSSES, mse
from unsmear.losses.temporal_order import follow_direction, free_per_pixel, free_per_sample


@dataclass
class Objective:
    """Loss of one stage: what it predicts, in which order, and how distance is measured."""

    stage: Stage
    predecessors: Sequence[Stage]
    order: Order
    loss: str

    def predict(self, blurry: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Predicted and true frames of the stage, both (B, K, 3, H, W), in the order to compare.

        With order ``follow`` the truth of each sample runs in the direction of the frozen frames.
        """
        with torch.no_grad():
            known = predict_frames(self.predecessors, blurry)
        given = {frame: known[frame] for frame in self.stage.spec.conditions_on}
        if self.order == "follow":
            truth = follow_direction(truth, given)
        return self.stage(blurry, given), truth[:, [frame_index(frame) for frame in self.stage.spec.predicts]]

    def losses(self, predicted: Tensor, truth: Tensor) -> Tensor:
        """(B,) loss of each sample."""
        if self.order == "free_per_pixel":
            return free_per_pixel(predicted, truth)
        loss = RECONSTRUCTION_LOSSES[self.loss]
        if self.order == "free_per_sample":
            return free_per_sample(loss, predicted, truth)
        return loss(predicted, truth)

    @torch.no_grad()
    def validate(
        self, pictures: DataLoader[Any], device: torch.device, show: Callable[..., None] | None = None
    ) -> tuple[float, float]:
        """Mean loss and mean PSNR (dB, of clipped frames) over whole pictures, in the better order.

        ``show`` is called with the first blurry picture and its predicted and true frames, uint8 RGB.
        """
        self.stage.eval()
        losses, psnrs = [], []
        for blurry, truth in pictures:
            predicted, wanted = self.predict(to_light(blurry, device), to_light(truth, device))
            losses.append(self.losses(predicted, wanted))
            if show is not None and len(losses) == 1:
                show(to_codes(to_light(blurry, device)[0]), to_codes(predicted[0]), to_codes(wanted[0]))
            clipped, order_is_free = predicted.clamp(0, 1), self.order.startswith("free")
            error = free_per_sample(mse, clipped, wanted) if order_is_free else mse(clipped, wanted)
            psnrs.append(-10 * torch.log10(error.clamp_min(1e-10)))
        return float(torch.cat(losses).mean()), float(torch.cat(psnrs).mean())


def to_light(pictures: Tensor, device: torch.device) -> Tensor:
    """uint8 to float32 with full scale 1, on ``device``."""
    return pictures.to(device, non_blocking=True).float().div_(255)


def to_codes(light: Tensor) -> np.ndarray:
    """(..., 3, H, W) with full scale 1 to (..., H, W, 3) uint8."""
    codes: np.ndarray = (light.clamp(0, 1) * 255).round().to(torch.uint8).movedim(-3, -1).cpu().numpy()
    return codes
