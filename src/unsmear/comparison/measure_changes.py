"""A measure of a row in two runs, paired by frame group where they share any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unsmear.comparison.measures import Measure, estimate, mean_over_seeds
from unsmear.comparison.run_results import RunResults
from unsmear.evaluation.bootstrap import Estimate
from unsmear.evaluation.config import EvaluationConfig

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MeasureChange:
    """A measure of a row in both runs, and the paired difference, second minus first, on the groups that both have.

    Where they have none in common, each is of its own groups, and there is no difference.
    """

    row: str
    label: str
    measure: Measure
    before: Estimate
    after: Estimate
    difference: Estimate | None
    num_groups: int  # that are paired

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval of the difference lies on the worse side; never without an interval."""
        if self.difference is None:
            return False
        low, high, better = self.difference.low, self.difference.high, self.measure.better
        return low is not None and high is not None and ((better > 0 and high < 0) or (better < 0 and low > 0))


def compare_paired(
    row: str,
    measure: Measure,
    first: RunResults,
    second: RunResults,
    config: EvaluationConfig,
    sequences: set[str] | None,
) -> MeasureChange | None:
    """Change of a measure on the groups that both runs have; None where there are none.

    Parameters
    ----------
    sequences : whose groups are alike in both; None takes all of equal names
    """
    if (groups := _groups(row, measure, first, second)) is None:
        return None
    before, after = groups
    common = before.index.intersection(after.index)
    if sequences is not None:
        common = common[common.get_level_values("sequence").isin(sorted(sequences))]
    before, after = before.loc[common], after.loc[common]
    difference = after - before
    if not difference.notna().any():
        return None
    # Groups in which either is undefined count in neither.
    known = difference.notna()
    was, becomes, change = (estimate(each[known], config) for each in (before, after, difference))
    return MeasureChange(row, second.labels.get(row, row), measure, was, becomes, change, int(known.sum()))


def compare_apart(
    row: str, measure: Measure, first: RunResults, second: RunResults, config: EvaluationConfig
) -> MeasureChange | None:
    """A measure of each run on its own groups; None where one did not take it."""
    groups = _groups(row, measure, first, second)
    if groups is None or not all(each.notna().any() for each in groups):
        return None
    was, becomes = (estimate(each.dropna(), config) for each in groups)
    return MeasureChange(row, second.labels.get(row, row), measure, was, becomes, None, 0)


def _groups(row: str, measure: Measure, *runs: RunResults) -> list[pd.Series] | None:
    """A measure of each group of each run; None where one did not take it."""
    tables = [run.tables[row] for run in runs]
    if not all(measure.column in table.columns for each in tables for table in each):
        return None
    return [mean_over_seeds(each, measure) for each in tables]
