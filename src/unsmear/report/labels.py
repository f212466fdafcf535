"""Texts for systems, as configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from unsmear.comparison.results import SystemResults
from unsmear.report.config import ReportConfig


def with_labels(systems: Sequence[SystemResults | Mapping[str, Any]], config: ReportConfig) -> list[SystemResults]:
    """The records with the labels of ``report.labels`` in place of their own."""
    results = [SystemResults.from_record(record) for record in systems]
    return [replace(r, label=config.labels.get(r.system, r.label)) for r in results]
