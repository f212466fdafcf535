"""Trials as files: what was tried, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from unsmear.files import write_text
from unsmear.training.metrics import read_metrics

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Trial:
    """One finished trial: its round and number (from 1), the values tried, and its objective."""

    round: int
    trial: int
    values: dict[str, Any]
    budget: int
    objective: float


def run_name(round_number: int, trial: int) -> str:
    """Name of a trial's folder."""
    return f"r{round_number}-t{trial}"


def write_hparams(path: str | Path, hparams: dict[str, Any], **record: Any) -> None:
    """Write ``hparams.yaml``: the hyper-parameters of a run and where they come from."""
    content = {"format_version": FORMAT_VERSION, "hparams": hparams, **record}
    write_text(path, yaml.safe_dump(content, sort_keys=False))


def read_trials(folders: Iterable[str | Path], metric: str) -> list[Trial]:
    """Read finished trials from their folders, in the order of round and number.

    Raises
    ------
    ValueError
        If a folder's files are no trial's, or have no such metric on the validation split.
    """
    trials = []
    for folder in map(Path, folders):
        record = yaml.safe_load((folder / "hparams.yaml").read_text(encoding="utf-8"))
        rows = [row for row in read_metrics(folder / "metrics.csv") if row["split"] == "val"]
        if not rows or not rows[-1].get(metric):
            known = sorted(rows[-1]) if rows else "no row of the validation split"
            raise ValueError(f"{folder / 'metrics.csv'} has no {metric} on the validation split (found {known})")
        proposal = record["proposal"]
        trials.append(
            Trial(proposal["round"], proposal["trial"], proposal["values"], proposal["budget"], float(rows[-1][metric]))
        )
    return sorted(trials, key=lambda trial: (trial.round, trial.trial))


def best_trial(trials: Sequence[Trial], direction: str) -> Trial:
    """Best trial of the last round that has any with a finite objective.

    Raises
    ------
    ValueError
        If no trial has one.
    """
    usable = [trial for trial in trials if math.isfinite(trial.objective)]
    if not usable:
        raise ValueError("no trial ended with a finite objective; widen or lower the search space")
    last = max(trial.round for trial in usable)
    sign = 1 if direction == "maximize" else -1
    return max((trial for trial in usable if trial.round == last), key=lambda trial: sign * trial.objective)
