"""Gradient of one batch: augmented, in equal parts, over all processes."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from unsmear.out_of_memory import is_out_of_memory
from unsmear.training.augment import add_noise, reverse_frames, turn_motion, turn_pictures
from unsmear.training.config import Hparams
from unsmear.training.dataset import Batch
from unsmear.training.objective import Objective
from unsmear.training.processes import Processes
from unsmear.training.validate import to_light, to_pixels

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowed:
    """Which changes of a sample the camera allows, so that it could have recorded the result."""

    mirror_x: bool = True
    mirror_y: bool = True
    transpose: bool = True

    @classmethod
    def by(cls, symmetries: Collection[str], hparams: Hparams) -> Allowed:
        """What a camera with these symmetries allows; says in the log what is asked for and is not."""
        wanted = ["mirror_x", "mirror_y"] * hparams.flips + ["transpose"] * hparams.turns
        if refused := [name for name in wanted if name not in symmetries]:
            logger.warning("the camera would record another picture after %s: left out", ", ".join(refused))
        return cls(*(name in symmetries for name in ("mirror_x", "mirror_y", "transpose")))


@dataclass(frozen=True)
class BatchGradient:
    """Computes the gradient of the mean loss of a batch.

    Parameters
    ----------
    objective : what is trained, and for what
    allowed : by the camera
    seed : of the noise
    processes : that train together, each on its share of the batch
    """

    objective: Objective
    hparams: Hparams
    allowed: Allowed
    seed: int
    processes: Processes

    def __call__(self, step: int, batch: Batch, signal_number: int) -> tuple[dict[str, float], float, int]:
        """Leave the gradient of step ``step`` (from 0), clipped, in the parameters of the stage.

        Parameters
        ----------
        batch : share of this process, as :class:`unsmear.training.dataset.CropDataset` gives it
        signal_number : of a signal that this process was sent, else 0

        Returns
        -------
        mean of each term of the loss, norm of the gradient before it was clipped, and the signal that any
        process was sent, else 0; the same in all processes

        Raises
        ------
        torch.OutOfMemoryError
            In every process, if the memory of one ran out.
        """
        device = self.objective.precision.device
        for parameter in self._parameters:
            parameter.grad = None
        terms, failure = {}, None
        try:
            terms = self._add_gradients(step, batch)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            failure = error
        # Alone, one that gives up would leave the others waiting for its gradients.
        if self.processes.any(failure is not None, device):
            raise failure or torch.OutOfMemoryError("in another process")
        self.processes.average_gradients(self._parameters)
        norm = nn.utils.clip_grad_norm_(self._parameters, self.hparams.gradient_clip)
        # One exchange for all that the processes must agree on, and one wait for the device.
        shared = self.processes.mean(torch.stack([*terms.values(), norm, norm.new_tensor(float(signal_number))]))
        *means, norm_value, stop = shared.tolist()
        return dict(zip(terms, means, strict=True)), norm_value, signal_number or round(stop * self.processes.size)

    def _add_gradients(self, step: int, batch: Batch) -> dict[str, Tensor]:
        """Gradients of this process's share, part by part, and the mean of each term."""
        objective, parts = self.objective, self.hparams.accumulate
        turn = batch[2].to(objective.precision.device)
        light, truth = (to_light(self._turn_codes(codes, turn), objective.precision) for codes in batch[:2])
        motion = [turn_motion(to_pixels(field, objective.precision), turn, **self._turns) for field in batch[3:]]
        first = self.processes.rank * len(light)
        whole = self.processes.size * len(light)
        light = add_noise(light, self.hparams.noise, self.seed, step, slice(first, first + len(light)), whole)
        if objective.time_reversal:
            truth, motion = reverse_frames(truth, turn), [reverse_frames(field, turn) for field in motion]
        sums: dict[str, Tensor] = {}
        for part in zip(*(values.chunk(parts) for values in (light, truth, *motion)), strict=True):
            terms = objective.terms(objective.predict(*part))
            (terms["loss"].mean() / parts).backward()
            for name, value in terms.items():
                sums[name] = sums.get(name, 0) + value.detach().mean() / parts
        return sums

    def _turn_codes(self, codes: Tensor, turn: Tensor) -> Tensor:
        """Pictures (B, ..., S, S, 3) uint8 turned on the device: a quarter of the bytes of what they become."""
        pictures = codes.to(turn.device, non_blocking=True).movedim(-1, -3)
        return turn_pictures(pictures, turn, **self._turns).movedim(-3, -1)

    @cached_property
    def _parameters(self) -> list[nn.Parameter]:
        return list(self.objective.stage.parameters())

    @property
    def _turns(self) -> dict[str, bool]:
        return {
            "mirror_x": self.hparams.flips and self.allowed.mirror_x,
            "mirror_y": self.hparams.flips and self.allowed.mirror_y,
            "transpose": self.hparams.turns and self.allowed.transpose,
        }
