"""The results table of all systems, with what it takes to trace its numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.comparison.provenance import collect_report_provenance
from unsmear.comparison.tables import write_table
from unsmear.evaluation.config import EvaluationConfig


def compare_systems(
    systems: Sequence[Mapping[str, Any]],
    config_text: str,
    groups: str | Path,
    frames: Sequence[str | Path],
    outputs: Mapping[str, str],
    config: EvaluationConfig,
) -> None:
    """Write ``table.csv``, ``table.md`` and ``table.tex``.

    Parameters
    ----------
    systems : records of :class:`~unsmear.comparison.results.SystemResults`, with ``tracking`` and
        ``evaluation_tracking``: the ``tracking.json`` of all trainings and evaluations behind a system
    config_text : the whole configuration; its digest goes into the table
    groups, frames : the group table and the test split's stores; their digest goes into the table
    outputs : ``csv``, ``md`` and ``tex``
    """
    traced = [
        {
            **system,
            "runs": _run_ids(system.get("tracking", ())),
            "evaluation_runs": _run_ids(system.get("evaluation_tracking", ())),
        }
        for system in systems
    ]
    provenance = collect_report_provenance(config_text, groups, frames)
    write_table(traced, provenance, outputs["csv"], outputs["md"], outputs["tex"], config)


def _run_ids(records: Sequence[str]) -> list[str]:
    found = [json.loads(Path(path).read_text(encoding="utf-8")).get("run_id") for path in records]
    return [run_id for run_id in found if run_id]
