"""Score a camera's plain picture on test sequences, and what needs no network: what every system must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.evaluation.baselines import FittedBaselines, predict_from_blurry, repeat, under_row_names
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.records import SequenceFiles, channels_first, read_group_pictures
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.score import Row
from unsmear.evaluation.scorer import Scorer


def evaluate_input(
    system: str,
    sequences: Sequence[SequenceFiles | Mapping[str, Any]],
    psfs: str | Path,
    camera_path: str | Path,
    output: str | Path,
    config: EvaluationConfig | None = None,
    lpips: Mapping[str, str | Path] | None = None,
    baselines: str | Path | None = None,
) -> None:
    """Score the blurry picture, equalised and repeated, as if it were the predicted frames.

    Parameters as in :func:`unsmear.evaluation.evaluate.evaluate_sequences`, ``baselines`` as
    :func:`unsmear.evaluation.fit_camera.fit_camera_baselines` wrote them. The picture is divided by the
    camera's energy, colour by colour, and rounded to 8 bit. Its direction accuracy is an exact 0.5. Torch
    is not imported unless LPIPS weights are given.
    """
    from unsmear.optics.camera import Camera

    camera = Camera.load(psfs, camera_path)
    scorer = Scorer(camera, config or EvaluationConfig(), lpips)
    fitted = None if baselines is None else FittedBaselines.load(baselines)
    rows: list[Row] = []
    for files in map(SequenceFiles.from_record, sequences):
        for pictures in read_group_pictures(files, camera.num_frames):
            still = equalise(pictures.blurry, camera.energy, camera.response)
            of_group = {system: channels_first(repeat(still, camera.num_frames))}
            if fitted is not None:
                of_group |= under_row_names(system, predict_from_blurry(pictures.blurry, still, camera, fitted))
            rows += scorer.rows(files, pictures, of_group)
    write_rows(output, rows)
