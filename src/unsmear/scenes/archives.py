"""Built-in scenes as zips in REDS' layout, and what is in which."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsmear.files import write_atomically, write_json
from unsmear.scenes.config import ScenesConfig

if TYPE_CHECKING:
    from unsmear.scenes.scene import Scene

# The same bytes whenever they are made.
_TIMESTAMP = (2020, 1, 1, 0, 0, 0)


def list_archives(config: ScenesConfig) -> dict[str, list[tuple[str, int]]]:
    """Archive name to its scenes as (split, number in the split), in the order of their sequences.

    As in REDS the train archives hold the train and val splits, the val archives the test split.
    """
    train = [(split, number) for split in ("train", "val") for number in range(config.num_sequences(split))]
    test = [("test", number) for number in range(config.test_sequences)]
    size = config.sequences_per_archive
    return {
        f"{part}_orig_part{index // size}": scenes[index : index + size]
        for part, scenes in (("train", train), ("val", test))
        for index in range(0, len(scenes), size)
    }


def sequence_name(config: ScenesConfig, split: str, number: int) -> str:
    """Three-digit name of a scene's sequence; val sequences follow those of train."""
    return f"{number + (config.train_sequences if split == 'val' else 0):03d}"


def open_scene(config: ScenesConfig, split: str, sequence: str, frame: int, seed: int) -> tuple[Scene, int]:
    """Scene that a sequence, by its name, shows in its frame ``frame`` (from 1), and the scene's own frame."""
    number = int(sequence) - (config.train_sequences if split == "val" else 0)
    return _show(config, split, number, frame, seed)


def _show(config: ScenesConfig, split: str, number: int, frame: int, seed: int) -> tuple[Scene, int]:
    scene, place = config.scene_at(split, number, frame)
    return _last_scene(config, split, scene, seed), place


@lru_cache(maxsize=1)
def _last_scene(config: ScenesConfig, split: str, number: int, seed: int) -> Scene:
    from unsmear.scenes.scene import make_scene

    return make_scene(config, split, number, seed)


def make_archive(config: ScenesConfig, archive: str, seed: int, output: str | Path) -> None:
    """Render the scenes of one archive and write them as PNGs into a zip.

    Parameters
    ----------
    archive : a name of :func:`list_archives`
    seed : of the experiment; equal arguments give equal bytes on one machine

    Raises
    ------
    ValueError
        If there is no such archive.
    """
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    archives = list_archives(config)
    if archive not in archives:
        raise ValueError(f"the scenes have no archive {archive}; choose among {sorted(archives)}")
    part = archive.split("_")[0]
    with write_atomically(output) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as file:
        for split, number in archives[archive]:
            sequence = sequence_name(config, split, number)
            for frame in range(1, config.num_frames(split) + 1):
                scene, place = _show(config, split, number, frame, seed)
                picture = np.rint(scene.sharp_frame(place) * 255).astype(np.uint8)
                done, png = cv2.imencode(".png", picture[..., ::-1])
                assert done, "an 8-bit picture can be encoded"
                member = f"{part}/{part}_orig/{sequence}/{frame - 1:08d}.png"
                file.writestr(zipfile.ZipInfo(member, _TIMESTAMP), png.tobytes())


def measure_motion(config: ScenesConfig, split: str, seed: int, num_frames: int, output: str | Path) -> None:
    """Write a split's statistics: how far image points travel while one group is exposed.

    Parameters
    ----------
    num_frames : frames of a group; its exposure begins with the first frame and ends with the last one
    output : JSON with the median travel over all groups, pixels, and quantiles

    Notes
    -----
    Each image point belongs to the front-most layer; its travel is the length of its path.
    """
    import numpy as np

    travel, speed = [], []
    for number in range(config.num_sequences(split)):
        for first in range(0, config.num_frames(split) - num_frames + 1, num_frames):
            scene, place = _show(config, split, number, first + 1, seed)
            lengths = scene.travel(place - 1, place - 2 + num_frames + config.shutter)
            travel.append(lengths)
            speed.append(lengths / (num_frames - 1 + config.shutter))
    points, speeds = np.concatenate(travel), np.concatenate(speed)
    write_json(
        output,
        {
            "format_version": 1,
            "split": split,
            "num_groups": len(travel),
            "median_travel_px": round(float(np.median(points)), 3),
            "travel_px_quantiles": _quantiles(points),
            "speed_px_per_frame_quantiles": _quantiles(speeds),
        },
    )


def _quantiles(values: Any) -> dict[str, float]:
    import numpy as np

    return {f"{q:g}": round(float(np.quantile(values, q)), 3) for q in (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)}
