"""The results table: one row a system, differences between systems, and where each came from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsmear.comparison.results import SystemResults
from unsmear.comparison.table_rows import row_of_difference, row_of_system
from unsmear.comparison.table_text import to_latex, to_markdown
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.rows import write_rows
from unsmear.files import write_text

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1


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
    rows = [row_of_system(result, results, tables, config) for result in results]
    predicting = [result for result in results if result.kind in ("pretrained", "trained")]
    rows += [row_of_difference(a, b, tables, list(rows[0]), config) for b, a in itertools.combinations(predicting, 2)]
    settings = {"confidence": config.confidence, "num_resamples": config.num_resamples}
    rows = [{"format_version": FORMAT_VERSION, **row, **settings, **provenance} for row in rows]
    write_rows(csv, rows)
    write_text(md, to_markdown(csv))
    write_text(tex, to_latex(csv))


def _check_one_split(tables: Mapping[str, Sequence[pd.DataFrame]]) -> None:
    splits = {split for each in tables.values() for table in each for split in table.get("split", ())}
    if len(splits) > 1:
        raise ValueError(f"the tables mix the splits {', '.join(sorted(splits))}; compare on one split")
