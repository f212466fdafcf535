"""The results table of all systems, with what it takes to trace its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.comparison.provenance import collect_report_provenance
from unsmear.comparison.tables import write_table
from unsmear.evaluation.config import EvaluationConfig
from unsmear.files import sha256_of
from unsmear.training.outcome import read_outcome


def compare_systems(
    systems: Sequence[Mapping[str, Any]],
    config_text: str,
    groups: str | Path,
    frames: Sequence[str | Path],
    outputs: Mapping[str, str],
    config: EvaluationConfig,
    baselines_split: str = "val",
) -> None:
    """Write ``table.csv``, ``table.md`` and ``table.tex``.

    Parameters
    ----------
    systems : records of :class:`~unsmear.comparison.results.SystemResults`, with ``outcomes``: the
        ``outcome.json`` of all trainings behind a system
    config_text : the whole configuration; its digest goes into the table
    groups, frames : the group table and the test split's stores; their digest goes into the table
    outputs : ``csv``, ``md`` and ``tex``
    baselines_split : that the baselines were fitted on
    """
    traced = [
        {
            **system,
            "runs": [read_outcome(path)["key"] for path in system.get("outcomes", ())],
            # The key of an evaluation is the digest of its table.
            "evaluation_runs": [sha256_of(path)[:16] for path in system["per_frame"]],
        }
        for system in systems
    ]
    provenance = {
        **collect_report_provenance(config_text, groups, frames),
        "baselines_split": baselines_split,
    }
    write_table(traced, provenance, outputs["csv"], outputs["md"], outputs["tex"], config)
