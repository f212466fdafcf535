"""Bootstrap intervals: coverage, limits and pairing."""

from __future__ import annotations

import numpy as np
import pytest

from unsmear.evaluation.bootstrap import estimate_mean


def test_none_below_six_sequences():
    five = estimate_mean(np.arange(5.0), np.ones(5))
    assert (five.value, five.low, five.high, five.num_sequences) == (2.0, None, None, 5)
    assert estimate_mean(np.arange(6.0), np.ones(6)).low is not None


def test_sequences_weigh_by_their_pictures():
    found = estimate_mean(np.array([10.0, 2.0]), np.array([10, 1]))
    assert found.value == pytest.approx(12 / 11)


def test_sequences_without_pictures_do_not_count():
    found = estimate_mean(np.array([0.0, *range(1, 6)]), np.array([0, 1, 1, 1, 1, 1]))
    assert (found.value, found.num_sequences, found.low) == (3.0, 5, None)
    assert np.isnan(estimate_mean(np.zeros(3), np.zeros(3)).value)


def test_interval_of_a_mean_matches_normal_theory():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = estimate_mean(values, np.ones(400))
    half = 1.96 * values.std() / np.sqrt(400)
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    hits = 0
    for trial in range(300):
        values = rng.normal(0, 1, 50)
        found = estimate_mean(values, np.ones(50), num_resamples=400, seed=trial)
        hits += found.low <= 0 <= found.high
    assert 0.89 <= hits / 300 <= 0.98


def test_seed_decides_everything():
    values = np.random.default_rng(1).normal(size=12)
    first, again, other = (estimate_mean(values, np.ones(12), seed=seed) for seed in (4, 4, 5))
    assert first == again
    assert first != other
