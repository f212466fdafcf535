"""Motion of the frame groups of a sequence, as trainings take it: exact for built-in scenes, else estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from unsmear.frames.grouping import cut_groups
from unsmear.frames.store import open_store
from unsmear.motion.estimate import estimate_flow
from unsmear.motion.store import STRIDE, save_motion
from unsmear.scenes.archives import open_scene
from unsmear.scenes.config import ScenesConfig

# Below this side, pixels, a halved picture is too small for the estimate.
LEAST_HALVED = 32


def estimate_motion(
    records: Sequence[Mapping[str, Any]], num_frames: int, scenes: ScenesConfig | None, seed: int = 0
) -> None:
    """Write how each frame of each group moves to the middle frame of its group.

    Parameters
    ----------
    records : ``split``, ``sequence``, ``frames`` (the store) and ``output`` of each sequence
    num_frames : frames of a group, odd
    scenes : the built-in scenes that the frames show, whose motion is known; None estimates it by optical flow
    seed : of the experiment, which the scenes were made with

    Raises
    ------
    ValueError
        If a store of frames is missing or damaged.
    """
    cv2.setNumThreads(1)
    for record in records:
        frames = open_store(record["frames"])
        groups = cut_groups(record["split"], record["sequence"], len(frames), num_frames)
        height, width = (-(-side // STRIDE) for side in frames.shape[1:3])
        fields = np.zeros((len(groups), num_frames, height, width, 2), np.float32)
        for group, places in zip(groups, fields, strict=True):
            numbers = range(group.first_frame, group.first_frame + num_frames)
            middle = num_frames // 2
            if scenes is not None:
                scene, first = open_scene(scenes, record["split"], record["sequence"], group.first_frame, seed)
            for index, place in enumerate(places):
                if index == middle:
                    continue
                if scenes is None:
                    place[...] = _estimate(frames, numbers[index], numbers[middle])
                else:
                    place[...] = scene.motion(first + index, first + middle, STRIDE)
        Path(record["output"]).parent.mkdir(parents=True, exist_ok=True)
        save_motion(record["output"], fields)


def _estimate(frames: np.ndarray, number: int, middle: int) -> np.ndarray:
    """Optical flow on halved pictures, which is what the store keeps, in pixels of the whole ones."""
    pictures = [np.asarray(frames[index - 1]) for index in (number, middle)]
    height, width = (-(-side // STRIDE) for side in pictures[0].shape[:2])
    if min(height, width) >= LEAST_HALVED:
        pictures = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in pictures]
        return estimate_flow(*pictures) * STRIDE
    return cv2.resize(estimate_flow(*pictures), (width, height), interpolation=cv2.INTER_AREA)
