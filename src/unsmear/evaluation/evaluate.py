"""Score a trained system on test sequences, with the baselines that are made from its middle frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.arrays import Images, to_numpy
from unsmear.evaluation.baselines import FittedBaselines, predict_from_middle, under_row_names
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.records import SequenceFiles, batches, channels_last, read_group_pictures
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.score import Row
from unsmear.evaluation.scorer import Scorer
from unsmear.frames.numbering import frame_index

Records = Sequence[SequenceFiles | Mapping[str, Any]]


def evaluate_sequences(
    system: str,
    weights: Sequence[str | Path],
    sequences: Records,
    psfs: str | Path,
    camera_path: str | Path,
    output: str | Path,
    config: EvaluationConfig | None = None,
    lpips: Mapping[str, str | Path] | None = None,
    baselines: str | Path | None = None,
) -> None:
    """Predict and score every frame group of some sequences; write one table.

    Parameters
    ----------
    system : its name, written to each row
    weights : ``weights.safetensors`` of its stages, in the cascade's order
    sequences : records with ``split``, ``sequence``, ``frames``, ``blur``
    psfs, camera_path : ``psfs.npy`` and ``camera.json`` of the camera that the system is for
    output : CSV with one row per frame; measures of a whole group are repeated in its rows, and the rows of the
        baselines follow, named after the system and the baseline
    config : how to run and score
    lpips : variant -> what :func:`unsmear.evaluation.lpips_weights.fetch_lpips` wrote
    baselines : what :func:`unsmear.evaluation.fit_system.fit_system_baselines` wrote; None scores none
    """
    import torch

    from unsmear.evaluation.predict import Predictor
    from unsmear.optics.camera import Camera

    config = config or EvaluationConfig()
    predictor = Predictor(weights, config)
    camera = Camera.load(psfs, camera_path)
    scorer = Scorer(camera, config, lpips, predictor.device)
    fitted = None if baselines is None else FittedBaselines.load(baselines)
    place = frame_index(predictor.middle)
    rows: list[Row] = []
    for files in map(SequenceFiles.from_record, sequences):
        for batch in batches(read_group_pictures(files, camera.num_frames), config.batch_size):
            blurry = np.stack([pictures.blurry for pictures in batch])
            predictions = predictor(blurry)
            middles = np.stack([pictures.truth[place] for pictures in batch])
            bounds = predictor(blurry, middles) if config.upper_bound else [None] * len(batch)
            for pictures, prediction, bound in zip(batch, predictions, bounds, strict=True):
                of_group: dict[str, Images] = {system: prediction}
                if fitted is not None:
                    middle = channels_last(to_numpy(prediction[place]))
                    beside = under_row_names(system, predict_from_middle(middle, predictor.num_frames, fitted))
                    of_group |= {key: torch.from_numpy(each).to(prediction.device) for key, each in beside.items()}
                rows += scorer.rows(files, pictures, of_group, bound, predictor.middle)
    write_rows(output, rows)
