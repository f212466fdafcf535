"""Which of the predictions that need no network is the hardest to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unsmear.comparison.measures import BY_KEY, mean_over_seeds
from unsmear.comparison.results import SystemResults

if TYPE_CHECKING:
    import pandas as pd


def baselines_of(result: SystemResults, results: Sequence[SystemResults], key: str) -> list[SystemResults]:
    """What a system is measured against: its camera's input and baselines, then its own.

    Its own are made from its middle frame; on that frame they are the system itself and are left out.

    Returns
    -------
    Empty where no baseline was evaluated.
    """
    plain = [other for other in results if other.kind == "input" and other.camera == result.camera]
    beside = {other.system for other in plain}
    if BY_KEY[key].frames != "middle":
        beside.add(result.system)
    found = [other for other in results if other.kind == "baseline" and other.beside in beside]
    return [*plain, *found] if found else []


def best_baseline(
    result: SystemResults,
    results: Sequence[SystemResults],
    tables: Mapping[str, Sequence[pd.DataFrame]],
    key: str,
) -> SystemResults | None:
    """The baseline with the highest mean of one measure over all frame groups; None where there is none."""
    candidates = baselines_of(result, results, key)
    means = [float(mean_over_seeds(tables[other.system], BY_KEY[key]).mean()) for other in candidates]
    return candidates[means.index(max(means))] if candidates else None
