"""The results table: one row a system, differences between systems, and where each came from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsmear.evaluation.bootstrap import Estimate
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.measures import (
    BY_KEY,
    MEASURES,
    count,
    estimate,
    paired_difference,
    read_per_frame,
    values_per_group,
)
from unsmear.evaluation.results import SystemResults
from unsmear.evaluation.rows import write_rows
from unsmear.evaluation.table_text import format_summary, to_latex, to_markdown
from unsmear.files import write_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SystemResults", "format_summary", "write_table"]

FORMAT_VERSION = 1
GAINS = {"gain_middle": "psnr_middle", "gain_frames": "psnr_frames"}
COMPARED = ("psnr_middle", "psnr_frames", "ssim_middle", "ssim_frames", "direction")


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
    systems : in the order of the rows; each trained system needs its camera's input among them
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
    tables = {result.system: [read_per_frame(path) for path in result.per_frame] for result in results}
    _check_one_split(tables)
    inputs = {result.camera: result.system for result in results if result.kind == "input"}
    rows = [_row_of_system(result, tables, inputs, config) for result in results]
    predicting = [result for result in results if result.kind != "input"]
    rows += [_row_of_difference(a, b, tables, config) for b, a in itertools.combinations(predicting, 2)]
    rows = [{"format_version": FORMAT_VERSION, **row, **provenance} for row in rows]
    write_rows(csv, rows)
    write_text(md, to_markdown(csv))
    write_text(tex, to_latex(csv))


def _check_one_split(tables: Mapping[str, Sequence[pd.DataFrame]]) -> None:
    splits = {split for each in tables.values() for table in each for split in table.get("split", ())}
    if len(splits) > 1:
        raise ValueError(f"the tables mix the splits {', '.join(sorted(splits))}; compare on one split")


def _over_seeds(tables: Sequence[pd.DataFrame], key: str) -> pd.Series:
    """Value of each group, averaged over the seeds."""
    series = [values_per_group(table, BY_KEY[key]) for table in tables]
    for other in series[1:]:
        paired_difference(other, series[0])
    return sum(series[1:], start=series[0]) / len(series)


def _cells(key: str, value: Estimate | None) -> dict[str, Any]:
    if value is None:
        return {key: None, f"{key}_low": None, f"{key}_high": None}
    return {key: value.value, f"{key}_low": value.low, f"{key}_high": value.high}


def _row_of_system(
    result: SystemResults,
    tables: Mapping[str, Sequence[pd.DataFrame]],
    inputs: Mapping[str, str],
    config: EvaluationConfig,
) -> dict[str, Any]:
    own = tables[result.system]
    if result.camera not in inputs:
        raise ValueError(f"system {result.system} has no row input_{result.camera}; evaluate that input, too")
    plain = tables[inputs[result.camera]]
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
            value = estimate(_over_seeds(own, measure.key), config) if has else None
            row |= _cells(measure.key, value)
    for gain, key in GAINS.items():
        if result.kind == "input":
            row |= _cells(gain, None)
            continue
        row |= _cells(gain, estimate(paired_difference(_over_seeds(own, key), _over_seeds(plain, key)), config))
    row["input_psnr_middle"] = estimate(_over_seeds(plain, "psnr_middle"), config).value
    row["input_psnr_frames"] = estimate(_over_seeds(plain, "psnr_frames"), config).value
    standard = tables.get("input_standard")
    row["standard_input_psnr_middle"] = (
        estimate(_over_seeds(standard, "psnr_middle"), config).value if standard else None
    )
    row["num_seeds"] = len(own)
    for key in ("psnr_middle", "psnr_frames", "direction"):
        of_seeds = [estimate(values_per_group(table, BY_KEY[key]), config).value for table in own]
        row[f"{key}_seed_min"] = min(of_seeds) if len(own) > 1 else None
        row[f"{key}_seed_max"] = max(of_seeds) if len(own) > 1 else None
    return {**row, **asdict(count(own[0])), "runs": " ".join(result.runs)}


def _row_of_difference(
    result: SystemResults,
    base: SystemResults,
    tables: Mapping[str, Sequence[pd.DataFrame]],
    config: EvaluationConfig,
) -> dict[str, Any]:
    """Paired differences in the columns of the measures; all other columns stay empty."""
    template = _row_of_system(result, tables, {result.camera: result.system}, config)
    row = dict.fromkeys(template)
    row |= {
        "row": f"{result.system} - {base.system}",
        "label": f"{result.text} − {base.text}",
        "kind": "difference",
        "runs": " ".join((*result.runs, *base.runs)),
        **asdict(count(tables[result.system][0])),
    }
    for key in COMPARED:
        difference = paired_difference(_over_seeds(tables[result.system], key), _over_seeds(tables[base.system], key))
        row |= _cells(key, estimate(difference, config))
    return row
