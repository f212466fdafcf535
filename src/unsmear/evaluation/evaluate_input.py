"""Score a camera's plain picture on test sequences: what every system must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.records import SequenceFiles, channels_first, read_group_pictures
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.score import Row, add_lpips, add_reblur, keyed_rows, load_distances, score_group


def evaluate_input(
    system: str,
    sequences: Sequence[SequenceFiles | Mapping[str, Any]],
    psfs: str | Path,
    camera: str | Path,
    output: str | Path,
    config: EvaluationConfig | None = None,
    lpips: Mapping[str, str | Path] | None = None,
) -> None:
    """Score the blurry picture, equalised and repeated, as if it were the predicted frames.

    Parameters as in :func:`unsmear.evaluation.evaluate.evaluate_sequences`. The picture is divided by the
    camera's energy, colour by colour, and rounded to 8 bit. Its direction accuracy is an exact 0.5. Torch
    is not imported unless LPIPS weights are given.
    """
    from unsmear.optics.camera import Camera

    config = config or EvaluationConfig()
    lens = Camera.load(psfs, camera)
    distances = load_distances(lpips, "cpu")
    rows: list[Row] = []
    for files in map(SequenceFiles.from_record, sequences):
        for pictures in read_group_pictures(files, lens.num_frames):
            still = equalise(pictures.blurry, lens.energy, lens.response)
            frames = np.broadcast_to(still, pictures.truth.shape)
            prediction, truth = channels_first(frames), channels_first(pictures.truth)
            scores = score_group(prediction, truth, config.static_threshold)
            if distances:
                import torch

                add_lpips(scores, distances, torch.from_numpy(prediction), torch.from_numpy(truth))
            if config.reblur:
                add_reblur(scores, np.ascontiguousarray(frames), pictures.blurry, lens, config.seed)
            rows += keyed_rows(system, files, pictures, scores)
    write_rows(output, rows)
