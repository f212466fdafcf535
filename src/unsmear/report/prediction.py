"""Pictures of the frame groups that the report shows: truth, blurry and predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unsmear.comparison.results import SystemResults
from unsmear.evaluation.arrays import to_numpy
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.records import channels_last
from unsmear.report.selection import Shown


@dataclass(frozen=True)
class ShownPictures:
    """A frame group's truth (N, H, W, 3), each camera's picture (H, W, 3), each system's frames."""

    truth: np.ndarray
    blurry: dict[str, np.ndarray]
    equalised: dict[str, np.ndarray]
    predictions: dict[str, np.ndarray]


def predict_shown(
    chosen: Sequence[Shown],
    results: Sequence[SystemResults],
    cameras: Mapping[str, Mapping[str, str | Path]],
    frames: Path,
    groups: str | Path,
    split: str,
    evaluation: EvaluationConfig,
) -> dict[str, ShownPictures]:
    """Read and predict the pictures of each frame group, by its name.

    Parameters
    ----------
    cameras, frames, groups, split : as in :func:`unsmear.report.gallery.draw_gallery`

    Raises
    ------
    ValueError
        If ``report.regions`` names a group that there is not.
    """
    from unsmear.evaluation.predict import Predictor
    from unsmear.frames.grouping import read_groups
    from unsmear.frames.store import open_store
    from unsmear.optics.camera import Camera

    pictures: dict[str, ShownPictures] = {}
    for shown in chosen:
        region = shown.region
        of_sequence = read_groups(groups, split, region.sequence)
        places = {group.group: place for place, group in enumerate(of_sequence)}
        if region.group not in places:
            raise ValueError(
                f"report.regions names sequence {region.sequence}, group {region.group}; "
                f"split {split} has no such group, choose one of {groups}"
            )
        place = places[region.group]
        truth = np.array(open_store(frames / f"{region.sequence}.npy")[of_sequence[place].frames])
        blurry, equalised = {}, {}
        for name, files in cameras.items():
            blurry[name] = np.array(open_store(Path(files["blur"]) / f"{region.sequence}.npy")[place])
            camera = Camera.load(files["psfs"], files["camera"])
            equalised[name] = equalise(blurry[name], camera.energy, camera.response)
        pictures[shown.name] = ShownPictures(truth, blurry, equalised, {})
    # One network in memory at a time.
    for result in results:
        if result.kind == "input":
            continue
        predictor = Predictor(result.weights, evaluation)
        for of_group in pictures.values():
            frames_of_group = predictor(of_group.blurry[result.camera][None])[0]
            of_group.predictions[result.system] = channels_last(to_numpy(frames_of_group))
    return pictures
