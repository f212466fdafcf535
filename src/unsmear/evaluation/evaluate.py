"""Score a trained system, or the camera's plain picture, on test sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unsmear.evaluation.arrays import to_numpy
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.equalise import equalise
from unsmear.evaluation.kept import KeptTables
from unsmear.evaluation.reblur import reblur_psnr
from unsmear.evaluation.records import (
    GroupPictures,
    SequenceFiles,
    batches,
    channels_first,
    channels_last,
    read_group_pictures,
)
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.score import Row, score_group
from unsmear.frames.numbering import frame_index

if TYPE_CHECKING:
    from unsmear.evaluation.lpips import Lpips

Records = Sequence[SequenceFiles | Mapping[str, Any]]


def evaluate_sequences(
    system: str,
    weights: Sequence[str | Path],
    sequences: Records,
    psfs: str | Path,
    camera: str | Path,
    config: EvaluationConfig | None = None,
    lpips: Mapping[str, str | Path] | None = None,
) -> None:
    """Predict and score every frame group of each sequence; write one table a sequence.

    Parameters
    ----------
    system : its name, written to each row
    weights : ``weights.safetensors`` of its stages, in the cascade's order
    sequences : records with ``split``, ``sequence``, ``frames``, ``blur``, ``output``
    psfs, camera : ``psfs.npy`` and ``camera.json`` of the camera that the system is for
    config : how to run and score
    lpips : variant -> what :func:`unsmear.evaluation.lpips_weights.fetch_lpips` wrote

    Notes
    -----
    One row per frame; measures of a whole group are repeated in its rows. All tables appear together,
    at the end; a call that was ended early goes on after the last sequence that it finished.
    """
    import torch

    from unsmear.evaluation.predict import Predictor
    from unsmear.optics.camera import Camera

    config = config or EvaluationConfig()
    predictor = Predictor(weights, config)
    lens = Camera.load(psfs, camera)
    perceptual = _load_lpips(lpips, predictor.device)
    kept = _keep(system, sequences, config, [*weights, psfs, camera, *(lpips or {}).values()])
    for files in kept.missing():
        rows: list[Row] = []
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
                if perceptual:
                    _add_lpips(scores, perceptual, prediction, truth)
                if config.reblur:
                    _add_reblur(scores, channels_last(to_numpy(prediction)), pictures.blurry, lens, config)
                rows += _keyed(system, files, pictures, scores)
        write_rows(kept.path(files), rows)
    kept.release()


def evaluate_input(
    system: str,
    sequences: Records,
    psfs: str | Path,
    camera: str | Path,
    config: EvaluationConfig | None = None,
    lpips: Mapping[str, str | Path] | None = None,
) -> None:
    """Score the blurry picture, equalised and repeated, as if it were the predicted frames.

    Parameters as in :func:`evaluate_sequences`. The picture is divided by the camera's energy,
    colour by colour, and rounded to 8 bit. Its direction accuracy is an exact 0.5. Torch is not
    imported unless LPIPS weights are given.
    """
    from unsmear.optics.camera import Camera

    config = config or EvaluationConfig()
    lens = Camera.load(psfs, camera)
    perceptual = _load_lpips(lpips, "cpu")
    kept = _keep(system, sequences, config, [psfs, camera, *(lpips or {}).values()])
    for files in kept.missing():
        rows: list[Row] = []
        for pictures in read_group_pictures(files, lens.num_frames):
            still = equalise(pictures.blurry, lens.energy, lens.response)
            frames = np.broadcast_to(still, pictures.truth.shape)
            prediction, truth = channels_first(frames), channels_first(pictures.truth)
            scores = score_group(prediction, truth, config.static_threshold)
            if perceptual:
                import torch

                _add_lpips(scores, perceptual, torch.from_numpy(prediction), torch.from_numpy(truth))
            if config.reblur:
                _add_reblur(scores, np.ascontiguousarray(frames), pictures.blurry, lens, config)
            rows += _keyed(system, files, pictures, scores)
        write_rows(kept.path(files), rows)
    kept.release()


def _keep(system: str, sequences: Records, config: EvaluationConfig, inputs: Sequence[str | Path]) -> KeptTables:
    settings = {"system": system, **config.model_dump(mode="json")}
    return KeptTables([SequenceFiles.from_record(record) for record in sequences], settings, inputs)


def _keyed(system: str, files: SequenceFiles, pictures: GroupPictures, scores: list[Row]) -> list[Row]:
    key = {"system": system, "split": files.split, "sequence": files.sequence, "group": pictures.group}
    return [{**key, **row} for row in scores]


def _add_upper_bound(scores: list[Row], bound: list[Row], middle: int) -> None:
    """Columns ``psnr_bound`` and ``ssim_bound``: best direction, empty in the frame that was given."""
    for row, other in zip(scores, bound, strict=True):
        given = row["frame"] == middle
        row["psnr_bound"] = None if given else other["psnr_best"]
        row["ssim_bound"] = None if given else other["ssim_best"]


def _add_reblur(scores: list[Row], frames: np.ndarray, blurry: np.ndarray, lens: Any, config: EvaluationConfig) -> None:
    value = reblur_psnr(frames, blurry, lens, config.seed)
    for row in scores:
        row["reblur_psnr"] = value


def _load_lpips(lpips: Mapping[str, str | Path] | None, device: str) -> dict[str, Lpips]:
    if not lpips:
        return {}
    from unsmear.evaluation.lpips_weights import load_lpips

    loaded = {name: load_lpips(name, path, device) for name, path in lpips.items()}  # type: ignore[arg-type]
    return {name: network for name, network in loaded.items() if network is not None}


def _add_lpips(scores: list[Row], perceptual: dict[str, Lpips], prediction: Any, truth: Any) -> None:
    """Columns ``lpips_alex``, ``lpips_vgg``: of each frame in the group's best direction."""
    backward = bool(scores[0]["backward"])
    best = prediction.flip(0) if backward else prediction
    for name, measure in perceptual.items():
        for row, value in zip(scores, measure(best, truth).tolist(), strict=True):
            row[f"lpips_{name}"] = value
