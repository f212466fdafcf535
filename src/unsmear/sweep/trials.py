"""Trials as files: what was tried, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unsmear.files import read_rows
from unsmear.sweep.config import Direction, SweepConfig, trial_name
from unsmear.sweep.space import contains
from unsmear.training.hparams_file import read_record
from unsmear.training.outcome import read_outcome


@dataclass(frozen=True)
class Trial:
    """One trial that has ended: its round and number (from 1), the values tried, and its objective.

    ``status`` is ``finished``, ``failed`` or, of a finished one that the present space has no place for,
    ``outside``; but for the first, ``reason`` says why it cannot be chosen. ``promoted`` names the trial whose
    state it resumed from; ``seconds`` are those that it took itself, NaN where nobody has noted them.
    """

    round: int
    trial: int
    values: dict[str, Any]
    budget: int
    objective: float
    status: Literal["finished", "failed", "outside"] = "finished"
    reason: str | None = None
    promoted: str | None = None
    seconds: float = math.nan

    @property
    def name(self) -> str:
        """Name of its folder."""
        return trial_name(self.round, self.trial)

    @property
    def usable(self) -> bool:
        """Whether it may be chosen and promoted."""
        return self.status == "finished"


def read_trials(folders: Iterable[str | Path], sweep: SweepConfig) -> list[Trial]:
    """Read trials that have ended from their folders, in the order of round and number.

    Trials whose values are outside the present space are read as well and say so in ``reason``.

    Raises
    ------
    ValueError
        If a folder's files are no trial's, or a finished trial has no such metric on the validation split.
    """
    trials = [_read_trial(Path(folder), sweep) for folder in folders]
    return sorted(trials, key=lambda trial: (trial.round, trial.trial))


def _read_trial(folder: Path, sweep: SweepConfig) -> Trial:
    record = read_record(folder / "hparams.yaml")
    proposal = record.get("proposal")
    if not isinstance(proposal, dict):
        raise ValueError(f"{folder / 'hparams.yaml'} is no trial's; delete it and run again")
    ending = read_outcome(folder / "outcome.json")
    status, reason = ending["status"], ending.get("reason")
    objective = _objective(folder / "metrics.csv", sweep.metric) if status == "finished" else math.nan
    if status == "finished" and not math.isfinite(objective):
        status, reason = "failed", f"its {sweep.metric} is not finite"
    elif status == "finished" and not contains(sweep.space, proposal["values"]):
        status, reason = "outside", "its values are outside the present space"
    return Trial(
        proposal["round"],
        proposal["trial"],
        proposal["values"],
        proposal["budget"],
        objective,
        status,
        reason,
        proposal.get("promoted"),
        float(ending.get("seconds", math.nan)),
    )


def _objective(path: Path, metric: str) -> float:
    measured = [row for row in read_rows(path) if row["split"] == "val"]
    value = measured[-1].get(metric) if measured else None
    if not value:
        columns = [name for name, text in measured[-1].items() if text] if measured else []
        known = ", ".join(name for name in columns if name not in ("step", "epoch", "split")) or "none"
        raise ValueError(f"{path} has no {metric} on the validation split; set the sweep's metric to one of: {known}")
    return float(value)


def rank_trials(trials: Iterable[Trial], goal: Direction) -> list[Trial]:
    """Usable trials, best first; of equals the earlier one."""
    sign = -1 if goal == "maximize" else 1
    return sorted((t for t in trials if t.usable), key=lambda t: (sign * t.objective, t.round, t.trial))


def best_trial(trials: Sequence[Trial], goal: Direction) -> Trial:
    """Best of the usable trials with the largest budget.

    Raises
    ------
    ValueError
        With a table of reasons, if none is usable.
    """
    require_usable(trials)
    largest = max(trial.budget for trial in trials if trial.usable)
    return rank_trials((trial for trial in trials if trial.budget == largest), goal)[0]


def require_usable(trials: Sequence[Trial]) -> None:
    """Stop a sweep of which nothing can be used.

    Raises
    ------
    ValueError
        With a table of reasons, if there are trials and none is usable.
    """
    if any(trial.usable for trial in trials):
        return
    table = "\n".join(
        f"  {t.name:<8} {t.reason} ({', '.join(f'{k} {v}' for k, v in t.values.items())})" for t in trials
    )
    raise ValueError(
        f"none of the sweep's {len(trials)} trials can be used; change its space, or what the reasons name:\n{table}"
    )
