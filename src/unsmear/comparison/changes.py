"""What differs between two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unsmear.comparison.measure_changes import MeasureChange, compare_apart, compare_paired
from unsmear.comparison.measures import MEASURES
from unsmear.comparison.run_results import RunResults, flatten
from unsmear.comparison.steps import StepCost
from unsmear.evaluation.config import EvaluationConfig

Pair = tuple[str, str]


@dataclass(frozen=True)
class Changes:
    """All that differs.

    Parameters
    ----------
    names : of the two runs
    settings, facts : what is not equal, by name; "-" where one has none
    measures : of the rows that both have
    metrics : numbers that cannot be paired
    steps : rule -> its cost in both; None where it did not run
    notes : what a reader must know before believing
    """

    names: Pair
    settings: Mapping[str, Pair]
    facts: Mapping[str, Pair]
    measures: Sequence[MeasureChange]
    metrics: Mapping[str, tuple[float | None, float | None]]
    steps: Mapping[str, tuple[StepCost | None, StepCost | None]]
    notes: Sequence[str]


def find_changes(first: RunResults, second: RunResults, config: EvaluationConfig | None = None) -> Changes:
    """Compare two runs; ``config`` says how intervals are made."""
    sequences, notes = _common_sequences(first, second)
    rows = [row for row in first.tables if row in second.tables]
    asked = [(row, measure, first, second, config or EvaluationConfig()) for row in rows for measure in MEASURES]
    measures = [change for each in asked if (change := compare_paired(*each, sequences))]
    if asked and not measures:
        notes.append("No frame group of any system is in both: each run's measures are of its own groups.")
        measures = [change for each in asked if (change := compare_apart(*each))]
    for run, other in ((first, second), (second, first)):
        if alone := [row for row in run.tables if row not in other.tables]:
            notes.append(f"Only {run.name} has {', '.join(alone)}.")
        if not run.settings:
            notes.append(f"{run.name} does not say with which configuration it was made.")
    paired = [change.difference for change in measures if change.difference]
    if paired and all(difference.low is None for difference in paired):
        number = max(difference.num_sequences for difference in paired)
        notes.append(f"Both share {number} sequences, too few for intervals: nothing can be called worse.")
    settings = (
        _differing(flatten(first.settings), flatten(second.settings)) if first.settings and second.settings else {}
    )
    return Changes(
        (first.name, second.name),
        settings,
        _differing(first.facts, second.facts),
        measures,
        {
            name: (first.metrics.get(name), second.metrics.get(name))
            for name in dict.fromkeys([*first.metrics, *second.metrics])
            if first.metrics.get(name) != second.metrics.get(name)
        },
        _pair_steps(first.steps, second.steps),
        notes,
    )


def _common_sequences(first: RunResults, second: RunResults) -> tuple[set[str] | None, list[str]]:
    """Sequences of equal frames; None takes all of equal names."""
    digests = (first.facts.get("data_digest"), second.facts.get("data_digest"))
    if digests[0] == digests[1]:
        return None, []
    ours, theirs = first.frames_digests(), second.frames_digests()
    if not ours or not theirs:
        return None, ["The test data differ, and the frames are not there to compare: groups are paired by name."]
    equal = {name for name, digest in ours.items() if theirs.get(name) == digest}
    return equal, [f"The test data differ: {len(equal)} sequences have the same frames in both, and are paired."]


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Pair]:
    names = dict.fromkeys([*first, *second])
    texts = {name: (str(first.get(name, "-")), str(second.get(name, "-"))) for name in names}
    return {name: pair for name, pair in texts.items() if pair[0] != pair[1]}


def _pair_steps(
    first: Sequence[StepCost], second: Sequence[StepCost]
) -> dict[str, tuple[StepCost | None, StepCost | None]]:
    ours, theirs = ({step.rule: step for step in steps} for steps in (first, second))
    return {rule: (ours.get(rule), theirs.get(rule)) for rule in dict.fromkeys([*ours, *theirs])}
