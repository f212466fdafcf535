"""How long a run will take, from the last benchmarks of the same rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from unsmear.comparison.steps import read_jobs


@dataclass(frozen=True)
class PlannedJob:
    """A job that is to run: its rule, its benchmark if it has one, and its threads."""

    rule: str
    benchmark: str | None
    threads: int = 1


def forecast_time(jobs: Iterable[PlannedJob], folder: str | Path, cores: int | None) -> str | None:
    """A line on how long jobs will take if each takes what it took last, or what its rule's jobs took on average.

    Parameters
    ----------
    folder : of the benchmarks
    cores : that share the jobs; None where a cluster runs them

    Returns
    -------
    None where none of the rules has a benchmark. Rules without any, such as drawing, are named and not counted.
    """
    past = read_jobs(folder)
    own = {job.file.resolve(): job.seconds for job in past}
    of_rule: dict[str, list[float]] = {}
    for job in past:
        of_rule.setdefault(job.rule, []).append(job.seconds)
    seconds, longest, known, unknown = 0.0, 0.0, Counter[str](), Counter[str]()
    for each in jobs:
        times = of_rule.get(each.rule)
        if each.benchmark is None or not times:
            unknown[each.rule] += 1
            continue
        taken = own.get(Path(each.benchmark).resolve(), sum(times) / len(times))
        seconds += taken * (min(each.threads, cores) if cores else 1)
        longest = max(longest, taken)
        known[each.rule] += 1
    if not known:
        return None
    total = max(seconds / cores, longest) if cores else seconds
    where = f"on {cores} cores" if cores else "of jobs"
    rest = f"; not counted: {_listed(unknown)}" if unknown else ""
    return f"about {show_hours(total)} {where}, by the last benchmarks of {_listed(known)}{rest}"


def show_hours(seconds: float) -> str:
    """A forecast's time, which is not known to the second."""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{max(1, round(seconds / 60))} min"


def _listed(rules: Counter[str]) -> str:
    return ", ".join(f"{number} {rule}" for rule, number in rules.most_common())
