"""Predict the frame groups that the report shows; write their panels, videos and slider pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.comparison.results import SystemResults
from unsmear.evaluation.arrays import to_numpy
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.psnr import psnr
from unsmear.evaluation.records import channels_last
from unsmear.files import write_atomically, write_json
from unsmear.report.config import ReportConfig
from unsmear.report.labels import with_labels
from unsmear.report.panels import draw_frames, draw_middle
from unsmear.report.selection import Shown, place_square, select_groups
from unsmear.report.videos import side_by_side, write_gif, write_mp4

# Above so many pixels the slider's pictures are compressed with small losses.
MAX_LOSSLESS_PIXELS = 300_000


@dataclass(frozen=True)
class ShownPictures:
    """A frame group's truth (N, H, W, 3), each camera's picture (H, W, 3), each system's frames."""

    truth: np.ndarray
    blurry: dict[str, np.ndarray]
    equalised: dict[str, np.ndarray]
    predictions: dict[str, np.ndarray]


def draw_gallery(
    systems: Sequence[SystemResults | Mapping[str, Any]],
    cameras: Mapping[str, Mapping[str, str | Path]],
    frames: str | Path,
    groups: str | Path,
    split: str,
    folder: str | Path,
    config: ReportConfig | None = None,
    evaluation: EvaluationConfig | None = None,
) -> None:
    """Write what ``config.gallery_names`` names into ``folder``.

    For each name: ``figures/{name}_middle.png``, ``figures/{name}_frames.png``,
    ``videos/{name}.mp4`` (all systems), ``videos/{name}_{system}.mp4`` (one between input and truth),
    both as ``.gif`` too, ``slider/{name}/*``; and ``gallery.json`` with captions and the slider's files.

    Parameters
    ----------
    systems : the table's records, those of networks with ``weights``
    cameras : camera -> ``psfs``, ``camera`` (files) and ``blur`` (folder of the split's stores)
    frames : folder of the split's frame stores
    groups : the group table
    split : the split that was evaluated
    """
    config, evaluation = config or ReportConfig(), evaluation or EvaluationConfig()
    results = with_labels(systems, config)
    folder = Path(folder)
    chosen = select_groups(results, config)
    pictures = _predict(chosen, results, cameras, Path(frames), groups, split, evaluation)
    entries = []
    for shown in chosen:
        of_group = pictures[shown.name]
        _write_figures(shown, of_group, results, folder / "figures", config)
        _write_videos(shown, of_group, results, folder / "videos", config)
        entries.append(_write_slider(shown, of_group, results, folder / "slider"))
    write_json(folder / "gallery.json", {"format_version": 1, "rate": config.video_rate, "groups": entries})


def _predict(
    chosen: Sequence[Shown],
    results: Sequence[SystemResults],
    cameras: Mapping[str, Mapping[str, str | Path]],
    frames: Path,
    groups: str | Path,
    split: str,
    evaluation: EvaluationConfig,
) -> dict[str, ShownPictures]:
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


def _write_figures(
    shown: Shown, pictures: ShownPictures, results: Sequence[SystemResults], folder: Path, config: ReportConfig
) -> None:
    networks = [result for result in results if result.kind != "input"]
    inputs = [result for result in results if result.kind == "input"]
    still = {r.text: np.broadcast_to(pictures.equalised[r.camera], pictures.truth.shape) for r in inputs}
    predicted = {r.text: pictures.predictions[r.system] for r in networks}
    square = place_square(pictures.truth, shown.region)
    draw_middle({**still, **predicted}, pictures.truth, square, folder / f"{shown.name}_middle.png", config)
    given = {r.text: pictures.blurry[r.camera] for r in networks}
    draw_frames(given, predicted, pictures.truth, folder / f"{shown.name}_frames.png", config)


def _write_videos(
    shown: Shown, pictures: ShownPictures, results: Sequence[SystemResults], folder: Path, config: ReportConfig
) -> None:
    from PIL import Image

    def still(camera: str) -> np.ndarray:
        return np.broadcast_to(pictures.blurry[camera], pictures.truth.shape)

    columns: dict[str, np.ndarray] = {}
    for result in results:
        if result.kind == "input":
            columns[result.text] = still(result.camera)
            continue
        frames = pictures.predictions[result.system]
        columns[result.text] = frames
        alone = {"Blurry input": still(result.camera), result.text: frames, "Truth": pictures.truth}
        _write_video(side_by_side(alone, config.video_height), folder / f"{shown.name}_{result.system}", config)
    together = side_by_side({**columns, "Truth": pictures.truth}, config.video_height)
    _write_video(together, folder / shown.name, config)
    # What the page shows until the video plays.
    with write_atomically(folder / f"{shown.name}.png") as temporary:
        Image.fromarray(together[0]).save(temporary)


def _write_video(frames: np.ndarray, stem: Path, config: ReportConfig) -> None:
    write_mp4(frames, stem.with_suffix(".mp4"), config)
    if config.gif:
        write_gif(frames, stem.with_suffix(".gif"), config)


def _write_slider(
    shown: Shown, pictures: ShownPictures, results: Sequence[SystemResults], folder: Path
) -> dict[str, Any]:
    """Single pictures for the page's slider, and their names relative to the report's folder."""
    height, width = pictures.truth.shape[1:3]
    suffix = "png" if height * width <= MAX_LOSSLESS_PIXELS else "webp"
    place = folder / shown.name

    def save(name: str, picture: np.ndarray) -> str:
        from PIL import Image

        with write_atomically(place / f"{name}.{suffix}") as temporary:
            options: dict[str, Any] = {"quality": 92} if suffix == "webp" else {}
            Image.fromarray(picture).save(temporary, **options)
        return f"{folder.name}/{shown.name}/{name}.{suffix}"

    sources = []
    for result in results:
        if result.kind == "input":
            continue
        frames = pictures.predictions[result.system]
        sources.append(
            {
                "system": result.system,
                "label": result.text,
                "blurry": save(f"blurry_{result.camera}", pictures.blurry[result.camera]),
                "frames": [save(f"{result.system}_{n}", frame) for n, frame in enumerate(frames, start=1)],
                "psnr": [round(float(v), 2) for v in np.minimum(psnr(frames, pictures.truth), 99.0)],
            }
        )
    truth = [save(f"truth_{n}", frame) for n, frame in enumerate(pictures.truth, start=1)]
    return {
        "name": shown.name,
        "caption": shown.caption,
        "width": width,
        "height": height,
        "sources": sources,
        "truth": truth,
    }
