"""Intervals from resampling the test sequences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# With five sequences or fewer the resamples are too few and too alike for a 95% interval.
MIN_SEQUENCES = 6


@dataclass(frozen=True)
class Estimate:
    """A mean and, where there are enough sequences, its percentile interval."""

    value: float
    low: float | None
    high: float | None
    num_sequences: int


def estimate_mean(
    sums: np.ndarray,
    counts: np.ndarray,
    num_resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Estimate:
    r"""Mean over all pictures, with a percentile bootstrap over sequences.

    .. math:: \hat\mu = \sum_s S_s \Big/ \sum_s n_s

    Pictures of one sequence are alike, so whole sequences are drawn with replacement, each with
    all its pictures; a sequence's weight is its number of pictures.

    Parameters
    ----------
    sums : (S,), sum of the measure over the pictures of each sequence
    counts : (S,), number of pictures summed; sequences with none are left out
    num_resamples : number of resamples
    confidence : share of the resamples inside the interval, in (0, 1)
    seed : seed of the resampling; equal seeds and numbers of sequences draw equal sequences, so
        differences of two systems are paired by passing the differences

    Returns
    -------
    Estimate, its ``low`` and ``high`` None where fewer than six sequences count, and its value NaN
    where none does.

    Source: Efron 1979, percentile method.
    """
    sums, counts = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    assert sums.shape == counts.shape and sums.ndim == 1
    kept = counts > 0
    sums, counts = sums[kept], counts[kept]
    num_sequences = len(sums)
    if num_sequences == 0:
        return Estimate(float("nan"), None, None, 0)
    value = float(sums.sum() / counts.sum())
    if num_sequences < MIN_SEQUENCES:
        return Estimate(value, None, None, num_sequences)
    drawn = np.random.default_rng(seed).integers(0, num_sequences, (num_resamples, num_sequences))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(value, float(low), float(high), num_sequences)
