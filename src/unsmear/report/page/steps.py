"""What the page says of the cost of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unsmear.comparison.steps import StepCost
from unsmear.report.page.sweeps import show_time


@dataclass(frozen=True)
class StepLine:
    """A rule's line: its bar as a share of the longest one, and its cells."""

    rule: str
    share: float
    cells: Sequence[str]


@dataclass(frozen=True)
class Steps:
    """Lines of all rules, and on which processors and GPUs they ran."""

    headings: Sequence[str]
    lines: Sequence[StepLine]
    note: str


def describe_steps(steps: Sequence[StepCost]) -> Steps | None:
    """What the template ``steps.html`` shows; None without any benchmark."""
    if not steps:
        return None
    most = max(step.seconds for step in steps) or 1.0
    lines = [StepLine(step.rule, step.seconds / most, _cells(step)) for step in steps]
    machines = dict.fromkeys(name for step in steps for name in (step.processors, step.gpus) if name)
    note = (
        "Time of all jobs, one after the other; the longest of them; the largest resident memory of one; processors "
        "that they kept busy on average; what torch reserved on a GPU. Jobs of less than a second are not measured in "
        "full."
    )
    return Steps(HEADINGS, lines, note + (f" On {'; '.join(machines)}." if machines else ""))


HEADINGS = ("jobs", "time", "longest job", "peak memory", "processors busy", "GPU")


def _cells(step: StepCost) -> list[str]:
    gpu = step.gpus + (f", {step.gpu_peak_mb:.0f} MB" if step.gpu_peak_mb is not None else "")
    return [
        str(len(step.jobs)),
        show_time(step.seconds),
        show_time(step.longest),
        "-" if step.peak_mb is None else f"{step.peak_mb:.0f} MB",
        "-" if step.load is None else f"{step.load:.1f}",
        gpu or "-",
    ]
