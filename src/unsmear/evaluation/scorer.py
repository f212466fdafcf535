"""All rows of one frame group: a system's own, and those of the baselines beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unsmear.evaluation.arrays import Images, to_numpy
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.motion_scores import TrueMotion, score_motion
from unsmear.evaluation.reblur import reblur_psnr
from unsmear.evaluation.records import GroupPictures, SequenceFiles, channels_first, channels_last
from unsmear.evaluation.score import Row, score_group

if TYPE_CHECKING:
    from unsmear.evaluation.lpips import Lpips


class Scorer:
    """Scores every prediction in the same way, whatever made it.

    Parameters
    ----------
    camera : a :class:`unsmear.optics.camera.Camera`
    lpips : variant -> what :func:`unsmear.evaluation.lpips_weights.fetch_lpips` wrote;
        variants whose weights are absent are left out
    device : where LPIPS is computed
    """

    def __init__(
        self, camera: Any, config: EvaluationConfig, lpips: Mapping[str, str | Path] | None, device: str = "cpu"
    ) -> None:
        self.camera = camera
        self.config = config
        self.device = device
        self.perceptual = _load_lpips(lpips, device)

    def rows(
        self,
        files: SequenceFiles,
        pictures: GroupPictures,
        predictions: Mapping[str, Images],
        bound: Images | None = None,
        middle: int | None = None,
    ) -> list[Row]:
        """Rows of one group.

        Parameters
        ----------
        predictions : name -> frames (N, 3, H, W) uint8, an array or a tensor; the first is the system's own
        bound : its frames where the outer stages were given the true middle frame
        middle : number of that frame
        """
        motion = TrueMotion.of(pictures.truth) if self.config.motion else None
        own = next(iter(predictions))
        found = []
        for name, prediction in predictions.items():
            truth = self._like(prediction, channels_first(pictures.truth))
            scores = score_group(prediction, truth, self.config.static_threshold)
            if self.config.upper_bound and middle is not None:
                _add_upper_bound(scores, score_group(bound, truth) if name == own else None, middle)
            self._add_lpips(scores, prediction, truth)
            frames = channels_last(to_numpy(prediction))
            if motion is not None:
                backward = bool(scores[0]["backward"])
                _add(scores, score_motion(frames, motion, backward, self.camera.time_symmetric))
            if self.config.reblur:
                _add(scores, {"reblur_psnr": reblur_psnr(frames, pictures.blurry, self.camera, self.config.seed)})
            key = {"system": name, "split": files.split, "sequence": files.sequence, "group": pictures.group}
            found += [{**key, **row} for row in scores]
        return found

    def _like(self, prediction: Images, truth: np.ndarray) -> Images:
        if isinstance(prediction, np.ndarray):
            return truth
        import torch

        return torch.from_numpy(truth).to(prediction.device)

    def _add_lpips(self, scores: list[Row], prediction: Images, truth: Images) -> None:
        """Columns ``lpips_alex``, ``lpips_vgg``: of each frame in the group's best direction."""
        if not self.perceptual:
            return
        import torch

        given, wanted = (torch.as_tensor(images, device=self.device) for images in (prediction, truth))
        best = given.flip(0) if scores[0]["backward"] else given
        for name, measure in self.perceptual.items():
            for row, value in zip(scores, measure(best, wanted).tolist(), strict=True):
                row[f"lpips_{name}"] = value


def _add(scores: list[Row], columns: Mapping[str, Any]) -> None:
    """The same columns in each row of a group."""
    for row in scores:
        row.update(columns)


def _add_upper_bound(scores: list[Row], bound: list[Row] | None, middle: int) -> None:
    """Columns ``psnr_bound`` and ``ssim_bound``: best direction, empty in the frame that was given."""
    for index, row in enumerate(scores):
        empty = bound is None or row["frame"] == middle
        for name in ("psnr", "ssim"):
            row[f"{name}_bound"] = None if empty else bound[index][f"{name}_best"]  # type: ignore[index]


def _load_lpips(lpips: Mapping[str, str | Path] | None, device: str) -> dict[str, Lpips]:
    if not lpips:
        return {}
    from unsmear.evaluation.lpips_weights import load_lpips

    loaded = {name: load_lpips(name, path, device) for name, path in lpips.items()}  # type: ignore[arg-type]
    return {name: network for name, network in loaded.items() if network is not None}
