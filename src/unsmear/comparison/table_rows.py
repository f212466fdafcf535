"""Rows of the results table: those of systems, and those of differences between two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from unsmear.comparison.best_baseline import best_baseline
from unsmear.comparison.measures import (
    BY_KEY,
    MEASURES,
    Counts,
    count,
    deviation_over_seeds,
    estimate,
    mean_over_seeds,
    paired_difference,
    values_per_group,
)
from unsmear.comparison.results import SystemResults
from unsmear.evaluation.bootstrap import Estimate
from unsmear.evaluation.config import EvaluationConfig

if TYPE_CHECKING:
    import pandas as pd

GAINS = {"gain_middle": "psnr_middle", "gain_frames": "psnr_frames"}


def _over_seeds(tables: Sequence[pd.DataFrame], key: str) -> pd.Series:
    return mean_over_seeds(tables, BY_KEY[key])


def _cells(key: str, value: Estimate | None, seed_std: float | None = None) -> dict[str, Any]:
    low, high = (value.low, value.high) if value else (None, None)
    return {
        key: value.value if value else None,
        f"{key}_low": low,
        f"{key}_high": high,
        f"{key}_seed_std": seed_std,
    }


def row_of_system(
    result: SystemResults,
    results: Sequence[SystemResults],
    tables: Mapping[str, Sequence[pd.DataFrame]],
    config: EvaluationConfig,
) -> dict[str, Any]:
    """Measures of one system, with its gains over the input and over the best baseline.

    Parameters
    ----------
    results, tables : of all systems

    Raises
    ------
    ValueError
        If the input of the system's camera is not among them.
    """
    own = tables[result.system]
    row: dict[str, Any] = {
        "row": result.system,
        "label": result.text,
        "kind": result.kind,
        "camera": result.camera,
    }
    everywhere = set().union(*(set(table.columns) for each in tables.values() for table in each))
    for measure in MEASURES:
        if measure.column in everywhere:
            has = all(measure.column in table.columns for table in own)
            if not has:
                row |= _cells(measure.key, None)
                continue
            spread = deviation_over_seeds([values_per_group(table, measure) for table in own])
            row |= _cells(measure.key, estimate(_over_seeds(own, measure.key), config), spread)
    plain = next((other for other in results if other.kind == "input" and other.camera == result.camera), None)
    if plain is None:
        raise ValueError(f"system {result.system} has no row input_{result.camera}; evaluate that input, too")
    for gain, key in GAINS.items():
        over_input = None if result.kind == "input" else plain
        row |= _gain(gain, result, over_input, tables, key, config)
        trained = result.kind in ("pretrained", "trained")
        best = best_baseline(result, results, tables, key) if trained else None
        row |= _gain(f"{gain}_baseline", result, best, tables, key, config)
        row[f"{gain}_baseline_row"] = best.system if best else None
    row["input_psnr_middle"] = estimate(_over_seeds(tables[plain.system], "psnr_middle"), config).value
    row["input_psnr_frames"] = estimate(_over_seeds(tables[plain.system], "psnr_frames"), config).value
    standard = tables.get("input_standard")
    row["standard_input_psnr_middle"] = (
        estimate(_over_seeds(standard, "psnr_middle"), config).value if standard else None
    )
    # An input is not trained; its row must have the columns of the others all the same.
    row["num_seeds"] = None if result.kind == "input" else len(own)
    return {**row, **asdict(_count_all(own)), **_runs(result)}


def _gain(
    column: str,
    result: SystemResults,
    base: SystemResults | None,
    tables: Mapping[str, Sequence[pd.DataFrame]],
    key: str,
    config: EvaluationConfig,
) -> dict[str, Any]:
    """Paired gain of a system over another row."""
    if base is None:
        return _cells(column, None)
    own, others = tables[result.system], tables[base.system]
    # What is made from a training is compared with that training, all else with every one.
    bases = others if base.beside == result.system else [None] * len(own)
    mean = _over_seeds(others, key)
    gains = [
        paired_difference(
            values_per_group(table, BY_KEY[key]),
            mean if other is None else values_per_group(other, BY_KEY[key]),
        )
        for table, other in zip(own, bases, strict=True)
    ]
    value = estimate(paired_difference(_over_seeds(own, key), mean), config)
    return _cells(column, value, deviation_over_seeds(gains))


def _runs(*results: SystemResults) -> dict[str, str]:
    """Identifiers of the runs that a row rests on: trainings and evaluations."""
    return {
        "runs": " ".join(run for result in results for run in result.runs),
        "evaluation_runs": " ".join(run for result in results for run in result.evaluation_runs),
    }


def _count_all(tables: Sequence[pd.DataFrame]) -> Counts:
    """Counts of a row; identical frames are added up over its seeds."""
    counts = [count(table) for table in tables]
    return replace(counts[0], num_identical=sum(each.num_identical for each in counts))


def row_of_difference(
    result: SystemResults,
    base: SystemResults,
    tables: Mapping[str, Sequence[pd.DataFrame]],
    columns: Iterable[str],
    config: EvaluationConfig,
) -> dict[str, Any]:
    """Paired differences in the columns of the measures; all other columns stay empty.

    Trainings are independent, so the seeds' deviations of the two systems add up in squares.
    """
    row = dict.fromkeys(columns)
    row |= {
        "row": f"{result.system} - {base.system}",
        "label": f"{result.text} − {base.text}",
        "kind": "difference",
        **_runs(result, base),
        **asdict(_count_all(tables[result.system])),
    }
    both = tables[result.system], tables[base.system]
    for measure in MEASURES:
        key = measure.key
        if not all(measure.column in table.columns for own in both for table in own):
            continue
        spreads = [deviation_over_seeds([values_per_group(t, BY_KEY[key]) for t in own]) for own in both]
        known = [spread for spread in spreads if spread is not None]
        difference = paired_difference(*(_over_seeds(own, key) for own in both))
        row |= _cells(key, estimate(difference, config), math.hypot(*known) if len(known) == 2 else None)
    return row
