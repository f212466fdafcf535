"""Score a trained system on test sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.arrays import to_numpy
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.records import SequenceFiles, batches, channels_first, channels_last, read_group_pictures
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.score import Row, add_lpips, add_reblur, keyed_rows, load_distances, score_group
from unsmear.frames.numbering import frame_index

Records = Sequence[SequenceFiles | Mapping[str, Any]]


def evaluate_sequences(
    system: str,
    weights: Sequence[str | Path],
    sequences: Records,
    psfs: str | Path,
    camera: str | Path,
    output: str | Path,
    config: EvaluationConfig | None = None,
    lpips: Mapping[str, str | Path] | None = None,
) -> None:
    """Predict and score every frame group of some sequences; write one table.

    Parameters
    ----------
    system : its name, written to each row
    weights : ``weights.safetensors`` of its stages, in the cascade's order
    sequences : records with ``split``, ``sequence``, ``frames``, ``blur``
    psfs, camera : ``psfs.npy`` and ``camera.json`` of the camera that the system is for
    output : CSV with one row per frame; measures of a whole group are repeated in its rows
    config : how to run and score
    lpips : variant -> what :func:`unsmear.evaluation.lpips_weights.fetch_lpips` wrote
    """
    import torch

    from unsmear.evaluation.predict import Predictor
    from unsmear.optics.camera import Camera

    config = config or EvaluationConfig()
    predictor = Predictor(weights, config)
    lens = Camera.load(psfs, camera)
    distances = load_distances(lpips, predictor.device)
    rows: list[Row] = []
    for files in map(SequenceFiles.from_record, sequences):
        for batch in batches(read_group_pictures(files, lens.num_frames), config.batch_size):
            blurry = np.stack([pictures.blurry for pictures in batch])
            predictions = predictor(blurry)
            middles = np.stack([pictures.truth[frame_index(predictor.middle)] for pictures in batch])
            bounds = predictor(blurry, middles) if config.upper_bound else [None] * len(batch)
            for pictures, prediction, bound in zip(batch, predictions, bounds, strict=True):
                truth = torch.from_numpy(channels_first(pictures.truth)).to(prediction.device)
                scores = score_group(prediction, truth, config.static_threshold)
                if bound is not None:
                    _add_upper_bound(scores, score_group(bound, truth), predictor.middle)
                if distances:
                    add_lpips(scores, distances, prediction, truth)
                if config.reblur:
                    add_reblur(scores, channels_last(to_numpy(prediction)), pictures.blurry, lens, config.seed)
                rows += keyed_rows(system, files, pictures, scores)
    write_rows(output, rows)


def _add_upper_bound(scores: list[Row], bound: list[Row], middle: int) -> None:
    """Columns ``psnr_bound`` and ``ssim_bound``: best direction, empty in the frame that was given."""
    for row, other in zip(scores, bound, strict=True):
        given = row["frame"] == middle
        row["psnr_bound"] = None if given else other["psnr_best"]
        row["ssim_bound"] = None if given else other["ssim_best"]
