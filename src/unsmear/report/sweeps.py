"""What a search for hyper-parameters tried and found: its tables and its figure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.files import write_text
from unsmear.report.config import ReportConfig
from unsmear.report.sweep_figure import draw_objectives
from unsmear.sweep.config import SweepConfig, trial_name
from unsmear.sweep.space import describe_distribution, show_value
from unsmear.sweep.study import measure_importance
from unsmear.sweep.trials import Trial, read_trials
from unsmear.training.hparams_file import read_record

TRIAL_COLUMNS = (
    "trial", "round", "budget", "promoted", "status", "reason", "chosen", "metric", "direction", "objective", "seconds",
)  # fmt: skip
HPARAM_COLUMNS = ("hyperparameter", "space", "default", "chosen", "importance")
PREFIX = "hparams."  # a hyper-parameter may have the name of another column


def report_sweep(
    sweep: SweepConfig,
    folders: Sequence[str | Path],
    hparams: str | Path,
    trials_csv: str | Path,
    hparams_csv: str | Path,
    figure: str | Path,
    config: ReportConfig | None = None,
) -> None:
    """Write the tables of trials and of hyper-parameters, and draw the metric against each of these.

    Parameters
    ----------
    folders : of all trials
    hparams : ``final/hparams.yaml``, which says what was chosen
    trials_csv : :data:`TRIAL_COLUMNS`, then ``hparams.*``; one row a trial, in order
    hparams_csv : :data:`HPARAM_COLUMNS`, one row a hyper-parameter; importance as Optuna gives it, empty where the
        trials are too few for that
    figure : PNG
    """
    trials, record = read_trials(folders, sweep), read_record(hparams)
    selected, importance = record["selected"], measure_importance(sweep, trials)
    winner = trial_name(selected["round"], selected["trial"])
    names = list(dict.fromkeys([*sweep.space, *(name for trial in trials for name in trial.values)]))
    columns = [*TRIAL_COLUMNS, *(PREFIX + name for name in names)]
    _write(trials_csv, columns, [_trial_row(trial, winner, sweep) for trial in trials])
    rows = [
        {
            "hyperparameter": name,
            "space": describe_distribution(entry),
            "default": show_value(record["replaced"].get(name)),
            "chosen": show_value(selected["values"][name]),
            "importance": f"{importance[name]:.4f}" if name in importance else "",
        }
        for name, entry in sweep.space.items()
    ]
    _write(hparams_csv, HPARAM_COLUMNS, rows)
    draw_objectives(sweep, trials, winner, importance, figure, config)


def _trial_row(trial: Trial, winner: str, sweep: SweepConfig) -> dict[str, Any]:
    return {
        "trial": trial.name,
        "round": trial.round,
        "budget": trial.budget,
        "promoted": trial.promoted or "",
        "status": trial.status,
        "reason": trial.reason or "",
        "chosen": "yes" if trial.name == winner else "",
        "metric": sweep.metric,
        "direction": sweep.goal,
        "objective": _number(trial.objective),
        "seconds": _number(trial.seconds, ".1f"),
        **{PREFIX + name: show_value(value) for name, value in trial.values.items()},
    }


def _number(value: float, form: str = ".6g") -> str:
    return f"{value:{form}}" if math.isfinite(value) else ""


def _write(path: str | Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
