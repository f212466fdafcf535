"""All frames of a group, stage after stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from unsmear.cascade.checkpoint import load_stage
from unsmear.cascade.spec import check_stages
from unsmear.cascade.stage import Stage


class Cascade(nn.Module):
    """Stages in order; each is given the blurry image and frames of earlier stages."""

    def __init__(self, stages: Sequence[Stage], num_frames: int) -> None:
        super().__init__()
        check_stages(tuple(stage.spec for stage in stages), num_frames)
        self.stages = nn.ModuleList(stages)
        self.num_frames = num_frames

    @classmethod
    def load(cls, paths: Sequence[str | Path]) -> Cascade:
        """Rebuild a cascade from the weights files of its stages alone, in evaluation mode.

        Raises
        ------
        ValueError
            If a file is not readable as weights, or the stages do not make up a cascade.
        """
        checkpoints = [load_stage(path) for path in paths]
        sizes = {checkpoint.num_frames for checkpoint in checkpoints}
        if len(sizes) != 1:
            raise ValueError(f"the weights are for groups of different sizes {sorted(sizes)}: {list(map(str, paths))}")
        return cls([checkpoint.stage for checkpoint in checkpoints], sizes.pop()).eval()

    def forward(self, blurry: Tensor, known: Mapping[int, Tensor] | None = None) -> Tensor:
        """Predict every frame.

        Parameters
        ----------
        blurry : (B, 3, H, W), full scale 1
        known : frames given instead of predicted, number (from 1) to (B, 3, H, W);
            a stage all of whose frames are given does not run

        Returns
        -------
        (B, N, 3, H, W), not clipped
        """
        frames, _ = predict_frames(self.stages, blurry, known)  # type: ignore[arg-type]
        return torch.stack([frames[number] for number in range(1, self.num_frames + 1)], dim=1)


def predict_frames(
    stages: Sequence[Stage], blurry: Tensor, known: Mapping[int, Tensor] | None = None
) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """Run stages in order, feeding each with the frames of those before.

    Returns
    -------
    frames : number (from 1) to (B, 3, H, W)
    motion : the same to (B, 2, h, w), where a network predicts it; see :class:`~unsmear.cascade.stage.StageOutput`
    """
    frames, motion = dict(known or {}), dict[int, Tensor]()
    for stage in stages:
        if all(frame in frames for frame in stage.spec.predicts):
            continue
        predicted = stage(blurry, frames)
        for index, frame in enumerate(stage.spec.predicts):
            frames.setdefault(frame, predicted.frames[:, index])
            if predicted.motion is not None:
                motion[frame] = predicted.motion[:, index]
    return frames, motion
