"""What a stage is trained for: its predictions, the order of the truth, and the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from unsmear.cascade.cascade import predict_frames
from unsmear.cascade.spec import Order
from unsmear.cascade.stage import Stage, StageOutput
from unsmear.losses.motion import angle_error, end_point_error
from unsmear.losses.reconstruction import RECONSTRUCTION_LOSSES, SampleLoss, fourier_l1
from unsmear.losses.temporal_order import find_reversed, free_per_pixel, free_per_sample, reverse_samples
from unsmear.motion.warp import resize_motion
from unsmear.networks.build import find_references
from unsmear.training.precision import Precision

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Prediction:
    """What a stage predicts and what it should, in the order to compare.

    Parameters
    ----------
    frames, truth : (B, K, 3, H, W), full scale 1
    motion, true_motion : (B, K, 2, h, w), pixels; None where the stage predicts none, or none is known
    reblur : (B,) distance of all frames' exposure from the blurry image; None where it is not asked for
    """

    frames: Tensor
    truth: Tensor
    motion: Tensor | None = None
    true_motion: Tensor | None = None
    reblur: Tensor | None = None

    def reversed(self) -> Prediction:
        """The same prediction beside the reversed truth."""
        true_motion = None if self.true_motion is None else self.true_motion.flip(1)
        return replace(self, truth=self.truth.flip(1), true_motion=true_motion)


@dataclass
class Objective:
    """Loss of one stage: what it predicts, in which order, and how distance is measured.

    Parameters
    ----------
    stage : that is trained
    predecessors : frozen stages before it, in evaluation mode
    order : of the truth, resolved
    loss : name of the reconstruction loss
    num_frames : in a group
    time_reversal : whether the truth of a sample may be asked for in reverse
    precision : in which the networks compute
    perceptual : distance of features that is added to the loss, (B, K, 3, H, W) twice to (B,); None adds none
    perceptual_weight : its factor
    fourier_weight : factor of the distance of spectra that is added
    reblur : distance of all frames' exposure from the blurry image, added where the stage completes the frames; None
        adds none
    reblur_weight : its factor
    motion_weight : factor of the end-point error, pixels, that is added where the stage predicts motion
    angle_weight : factor of the error of its directions
    """

    stage: Stage
    predecessors: Sequence[Stage]
    order: Order
    loss: str
    num_frames: int = 7
    time_reversal: bool = False
    precision: Precision = field(default_factory=Precision)
    perceptual: SampleLoss | None = None
    perceptual_weight: float = 0.0
    fourier_weight: float = 0.0
    motion_weight: float = 0.0
    angle_weight: float = 0.0
    reblur: Callable[[Tensor, Tensor], Tensor] | None = None
    reblur_weight: float = 0.0
    run: Callable[..., StageOutput] | None = None  # the stage as compiled

    @property
    def frames(self) -> tuple[int, ...]:
        """Numbers of the sharp frames that the loss looks at, ascending; no others need be read."""
        spec = self.stage.spec
        wanted = set(spec.predicts) | (set(spec.conditions_on) if self.order == "follow" else set())
        if self.order == "follow" or self.time_reversal:
            wanted |= {self.num_frames + 1 - frame for frame in wanted}
        return tuple(sorted(wanted))

    def with_stage(self, stage: Stage) -> Objective:
        """The same objective of another stage, run as it is."""
        return replace(self, stage=stage, run=None)

    @property
    def needs_motion(self) -> bool:
        """Whether the loss looks at the true motion."""
        return self.motion_weight + self.angle_weight > 0 and self.stage.predicts_motion

    def predict(self, blurry: Tensor, truth: Tensor, motion: Tensor | None = None) -> Prediction:
        """Predicted and true frames of the stage, in the order to compare.

        With order ``follow`` the truth of each sample runs in the direction of the frozen frames.

        Parameters
        ----------
        blurry : (B, 3, H, W), full scale 1
        truth : (B, len(frames), 3, H, W), the frames numbered :attr:`frames`
        motion : (B, num_frames, 2, h, w), displacements of each frame's pixels to where they lie in the middle frame
        """
        given = self._known(blurry)
        if self.order == "follow":
            reverse = find_reversed(truth, {n: given[n] for n in self.stage.spec.conditions_on}, self.frames)
            truth = reverse_samples(truth, reverse)
            motion = None if motion is None else reverse_samples(motion, reverse)
        with self.precision.autocast():
            frames, found = (self.stage if self.run is None else self.run)(blurry, given)
        wanted = torch.stack([truth[:, self.frames.index(frame)] for frame in self.stage.spec.predicts], dim=1)
        prediction = Prediction(frames.to(blurry.dtype), wanted, reblur=self._expose(frames, given, blurry))
        if found is None or motion is None:
            return prediction
        return replace(prediction, motion=found.to(blurry.dtype), true_motion=self._motion_to_references(motion, found))

    def _expose(self, frames: Tensor, given: Mapping[int, Tensor], blurry: Tensor) -> Tensor | None:
        """Distance of the exposure of all frames from the blurry image, where all are known."""
        known = {**given, **dict(zip(self.stage.spec.predicts, frames.to(blurry.dtype).unbind(1), strict=True))}
        if self.reblur is None or len(known) < self.num_frames:
            return None
        return self.reblur(torch.stack([known[number] for number in sorted(known)], dim=1), blurry)

    def _motion_to_references(self, motion: Tensor, found: Tensor) -> Tensor:
        """True displacements from the predicted frames to those that they correct, on the grid of ``found``.

        That to the middle frame less the reference's own: exact for a motion that is the same around a pixel.
        """
        spec = self.stage.spec
        frames, references = list(spec.predicts), list(find_references(spec.predicts, spec.conditions_on))
        wanted = motion[:, [number - 1 for number in frames]] - motion[:, [number - 1 for number in references]]
        return resize_motion(wanted, *found.shape[-2:])

    def _known(self, blurry: Tensor) -> Mapping[int, Tensor]:
        """Frames that the frozen stages predict: those that the stage is given; all of them to expose them again."""
        wanted = self.stage.spec.conditions_on
        if not wanted:
            return {}
        with torch.inference_mode(), self.precision.autocast():
            known = predict_frames(self.predecessors, blurry)[0]
        # A tensor made in inference mode cannot take part in gradients; a copy of it can.
        kept = wanted if self.reblur is None else tuple(known)
        return {frame: known[frame].to(blurry.dtype).clone() for frame in kept}

    def terms(self, prediction: Prediction) -> Terms:
        """Every term of the loss, (B,) each and without its weight, and ``loss``, their weighted sum.

        With order ``free_per_sample`` each sample takes the direction in which its loss is smaller; with
        ``free_per_pixel`` its features do, as they have no direction at a pixel.
        """
        if self.order == "free_per_pixel":
            predicted, truth = prediction.frames, prediction.truth
            value = free_per_pixel(predicted, truth)
            if self.perceptual is None:
                return {"free_per_pixel": value, "loss": value}
            features = free_per_sample(self.perceptual, predicted, truth)
            return self._add_features({"free_per_pixel": value, "loss": value}, features)
        forward = self._compare(prediction)
        if self.order != "free_per_sample":
            return forward
        backward = self._compare(prediction.reversed())
        reverse = backward["loss"] < forward["loss"]
        return {name: torch.where(reverse, backward[name], value) for name, value in forward.items()}

    def _compare(self, prediction: Prediction) -> Terms:
        predicted, truth = prediction.frames, prediction.truth
        value = RECONSTRUCTION_LOSSES[self.loss](predicted, truth)
        terms = {self.loss: value, "loss": value}
        if self.fourier_weight:
            terms["fourier"] = fourier_l1(predicted, truth)
            terms["loss"] = value + self.fourier_weight * terms["fourier"]
        if prediction.motion is not None and prediction.true_motion is not None:
            terms["motion"] = end_point_error(prediction.motion, prediction.true_motion)
            terms["loss"] = terms["loss"] + self.motion_weight * terms["motion"]
            if self.angle_weight:
                terms["angle"] = angle_error(prediction.motion, prediction.true_motion)
                terms["loss"] = terms["loss"] + self.angle_weight * terms["angle"]
        if prediction.reblur is not None:
            terms["reblur"] = prediction.reblur
            terms["loss"] = terms["loss"] + self.reblur_weight * terms["reblur"]
        return terms if self.perceptual is None else self._add_features(terms, self.perceptual(predicted, truth))

    def _add_features(self, terms: Terms, features: Tensor) -> Terms:
        return {**terms, "perceptual": features, "loss": terms["loss"] + self.perceptual_weight * features}

    @property
    def order_is_free(self) -> bool:
        """Whether either direction of time is right."""
        return self.order.startswith("free")
