"""The results table: one row a system, differences between systems, and where each came from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
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
from unsmear.comparison.table_text import to_latex, to_markdown
from unsmear.evaluation.bootstrap import Estimate
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.rows import write_rows
from unsmear.files import write_text

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1
GAINS = {"gain_middle": "psnr_middle", "gain_frames": "psnr_frames"}


def write_table(
    systems: Sequence[SystemResults | Mapping[str, Any]],
    provenance: Mapping[str, str],
    csv: str | Path,
    md: str | Path,
    tex: str | Path,
    config: EvaluationConfig | None = None,
) -> None:
    """Write the results table as CSV (every number), Markdown and LaTeX (what people read).

    Parameters
    ----------
    systems : in the order of the rows; each trained system needs its camera's input among them, and gains over the
        best baseline are there where baselines are
    provenance : written to every row of the CSV, such as ``commit``, ``data_digest``,
        ``config_digest``
    config : resamples, confidence and seed of the intervals

    Raises
    ------
    ValueError
        If systems were evaluated on different groups or splits, or an input is missing.
    """
    config = config or EvaluationConfig()
    results = [SystemResults.from_record(record) for record in systems]
    tables = {result.system: result.read_tables() for result in results}
    _check_one_split(tables)
    rows = [_row_of_system(result, results, tables, config) for result in results]
    predicting = [result for result in results if result.kind in ("pretrained", "trained")]
    rows += [_row_of_difference(a, b, tables, list(rows[0]), config) for b, a in itertools.combinations(predicting, 2)]
    settings = {"confidence": config.confidence, "num_resamples": config.num_resamples}
    rows = [{"format_version": FORMAT_VERSION, **row, **settings, **provenance} for row in rows]
    write_rows(csv, rows)
    write_text(md, to_markdown(csv))
    write_text(tex, to_latex(csv))


def _check_one_split(tables: Mapping[str, Sequence[pd.DataFrame]]) -> None:
    splits = {split for each in tables.values() for table in each for split in table.get("split", ())}
    if len(splits) > 1:
        raise ValueError(f"the tables mix the splits {', '.join(sorted(splits))}; compare on one split")


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


def _row_of_system(
    result: SystemResults,
    results: Sequence[SystemResults],
    tables: Mapping[str, Sequence[pd.DataFrame]],
    config: EvaluationConfig,
) -> dict[str, Any]:
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


def _row_of_difference(
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
