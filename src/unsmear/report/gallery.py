"""Write the panels, videos and slider pictures of the frame groups that the report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.comparison.results import SystemResults
from unsmear.evaluation.config import EvaluationConfig
from unsmear.files import write_atomically, write_json
from unsmear.report.config import ReportConfig
from unsmear.report.labels import with_labels
from unsmear.report.panels import draw_frames, draw_middle
from unsmear.report.prediction import ShownPictures, predict_shown
from unsmear.report.selection import Shown, place_square, select_groups
from unsmear.report.slider import write_slider
from unsmear.report.videos import side_by_side, write_gif, write_mp4


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
    pictures = predict_shown(chosen, results, cameras, Path(frames), groups, split, evaluation)
    entries = []
    for shown in chosen:
        of_group = pictures[shown.name]
        _write_figures(shown, of_group, results, folder / "figures", config)
        _write_videos(shown, of_group, results, folder / "videos", config)
        entries.append(write_slider(shown, of_group, results, folder / "slider"))
    write_json(folder / "gallery.json", {"format_version": 1, "rate": config.video_rate, "groups": entries})


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
