"""Which measures must not be worse in a comparison, and whether they could be judged."""

from __future__ import annotations

from collections.abc import Sequence

from unsmear.comparison.changes import Changes
from unsmear.comparison.measure_changes import MeasureChange
from unsmear.comparison.measures import BY_KEY, MEASURES
from unsmear.comparison.run_results import RunResults

DEFAULT = ("psnr", "direction")


def measures_to_judge(text: str | None, *runs: RunResults) -> list[str]:
    """Names in the value of ``--fail-on``; without it those of ``DEFAULT``, and none of trainings.

    A name is the key of a measure, or ``psnr`` for ``psnr_middle`` and ``psnr_frames``, and so on.

    Raises
    ------
    ValueError
        If no measure has such a name, neither more nor less of it is better, or a run did not take it.
    """
    if text is None:
        names = list(DEFAULT) if all(run.tables for run in runs) else []
    else:
        names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        columns = {BY_KEY[key].column for key in _keys_of(name)}
        for run in runs:
            if not any(columns & set(table.columns) for each in run.tables.values() for table in each):
                raise ValueError(f"--fail-on: {run.name} has no measure {name}; leave it out, or evaluate with it")
    return names


def find_worse(names: Sequence[str], changes: Changes) -> list[MeasureChange]:
    """Changes for the worse beyond their interval, of the measures of these names."""
    wanted = {key for name in names for key in _keys_of(name)}
    return [change for change in changes.measures if change.measure.key in wanted and change.is_worse]


def check_judged(text: str | None, names: Sequence[str], changes: Changes, *runs: RunResults) -> None:
    """Refuse a comparison of nothing: it must not pass.

    Parameters
    ----------
    text : value of ``--fail-on``; without it, one of the ``names`` is enough

    Raises
    ------
    ValueError
        If no system and no number is in both runs, or measures to judge have no frame group in both.
    """
    first, second = runs
    if not first.tables.keys() & second.tables.keys() and not first.metrics.keys() & second.metrics.keys():
        held = " and ".join(f"{run.name} has {', '.join(run.tables) or 'no system'}" for run in runs)
        raise ValueError(
            f"{held}: no measure could be compared; name two folders, or two recorded runs, of the same systems"
        )
    paired = {change.measure.key for change in changes.measures if change.difference}
    unknown = [name for name in names if not paired & set(_keys_of(name))]
    if unknown and (text is not None or unknown == names):
        raise ValueError(
            f"--fail-on: no frame group has {', '.join(unknown)} in both runs, so that cannot be judged; evaluate "
            "both on the same data, or only look, with --fail-on ''"
        )


def _keys_of(name: str) -> list[str]:
    keys = [
        measure.key
        for measure in MEASURES
        if measure.better and measure.key in (name, f"{name}_middle", f"{name}_frames")
    ]
    if not keys:
        known = [measure.key for measure in MEASURES if measure.better]
        raise ValueError(f"--fail-on: nothing can be worse in {name}; choose among psnr, ssim, {', '.join(known)}")
    return keys
