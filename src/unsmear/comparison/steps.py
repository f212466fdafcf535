"""What each step of a run cost, from the benchmarks that its rules leave."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class JobCost:
    """One job of a rule: seconds, largest memory and time of processors where they were measured, and its machine."""

    rule: str
    file: Path
    seconds: float
    peak_mb: float | None = None
    cpu_seconds: float | None = None
    processor: str = ""
    gpu: str = ""
    gpu_peak_mb: float | None = None


@dataclass(frozen=True)
class StepCost:
    """All jobs of a rule."""

    rule: str
    jobs: tuple[JobCost, ...]

    @property
    def seconds(self) -> float:
        """Of all jobs, one after the other."""
        return sum(job.seconds for job in self.jobs)

    @property
    def longest(self) -> float:
        """Seconds of the longest job."""
        return max(job.seconds for job in self.jobs)

    @property
    def peak_mb(self) -> float | None:
        """Largest memory of a job, where any was measured."""
        return max((job.peak_mb for job in self.jobs if job.peak_mb is not None), default=None)

    @property
    def load(self) -> float | None:
        """Processors that a job kept busy on average, over the jobs where that was measured."""
        known = [(job.cpu_seconds, job.seconds) for job in self.jobs if job.cpu_seconds is not None]
        seconds = sum(seconds for _, seconds in known)
        return sum(cpu for cpu, _ in known) / seconds if seconds else None

    @property
    def processors(self) -> str:
        """Models of the processors."""
        return _joined(job.processor for job in self.jobs)

    @property
    def gpus(self) -> str:
        """Names of the GPUs; empty without any."""
        return _joined(job.gpu for job in self.jobs)

    @property
    def gpu_peak_mb(self) -> float | None:
        """Largest memory that a job reserved on a GPU."""
        return max((job.gpu_peak_mb for job in self.jobs if job.gpu_peak_mb is not None), default=None)


def read_jobs(folder: str | Path) -> list[JobCost]:
    """Costs of all jobs whose benchmark lies below ``folder``, by the paths of their files.

    A file that is no benchmark is left out: it was cut off or is of another program, and tells nothing.
    """
    folder = Path(folder)
    found = []
    for path in sorted(folder.rglob("*.tsv")):
        row = _read_last_row(path)
        seconds = _number(row.get("s"))
        if seconds is None:
            continue
        machine = _read_machine(path.with_suffix(".json"))
        found.append(
            JobCost(
                path.relative_to(folder).parts[0].removesuffix(".tsv"),
                path,
                seconds,
                _number(row.get("max_rss")),
                _number(row.get("cpu_time")),
                str(machine.get("processor", "")),
                _describe_gpus(machine),
                _number(machine.get("gpu_peak_mb")),
            )
        )
    return found


def read_steps(folder: str | Path) -> list[StepCost]:
    """Costs of all rules whose benchmarks lie below ``folder``, the longest first."""
    by_rule: dict[str, list[JobCost]] = {}
    for job in read_jobs(folder):
        by_rule.setdefault(job.rule, []).append(job)
    steps = [StepCost(rule, tuple(jobs)) for rule, jobs in by_rule.items()]
    return sorted(steps, key=lambda step: -step.seconds)


def _read_last_row(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as stream:
            return list(csv.DictReader(stream, delimiter="\t"))[-1]
    except (OSError, csv.Error, IndexError):
        return {}


def _read_machine(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _describe_gpus(machine: dict[str, Any]) -> str:
    number = machine.get("gpus", 0)
    return f"{number} x {machine.get('gpu', 'GPU')}" if number else ""


def _number(value: Any) -> float | None:
    """A cell's number; None where the job was over before it could be measured."""
    try:
        return float(value or "")
    except (ValueError, TypeError):
        return None


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))
