"""Fit a system's baselines on the validation split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unsmear.evaluation.arrays import to_numpy
from unsmear.evaluation.baselines import FittedBaselines
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.fit_shift import Records, fit_shift, read_some_groups
from unsmear.evaluation.records import channels_last
from unsmear.frames.numbering import frame_index


def fit_system_baselines(
    weights: Sequence[str | Path], sequences: Records, output: str | Path, config: EvaluationConfig | None = None
) -> None:
    """Fit the constant shift of a system's own middle frame; write it as JSON.

    Parameters
    ----------
    weights : ``weights.safetensors`` of its stages, in the cascade's order
    sequences : records of the validation split, with ``split``, ``sequence``, ``frames``, ``blur``
    output : JSON that :meth:`FittedBaselines.load` reads
    config : how to run the networks
    """
    from unsmear.evaluation.predict import Predictor

    predictor = Predictor(weights, config)
    groups = read_some_groups(sequences, predictor.num_frames)
    place = frame_index(predictor.middle)
    middles = [channels_last(to_numpy(predictor(group.blurry[None])[0, place])) for group in groups]
    found = fit_shift(middles, [group.truth for group in groups])
    FittedBaselines(found, None, len(groups)).save(output)
