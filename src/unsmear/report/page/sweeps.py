"""The page's section on searches for hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.files import read_rows
from unsmear.report.page.tables import Table

FILES = {"trials": "trials.csv", "hparams": "hparams.csv", "figure": "objective.png"}
HPARAM_HEADINGS = {
    "hyperparameter": "", "space": "space", "default": "default", "chosen": "chosen", "importance": "importance",
}  # fmt: skip


def describe_sweeps(
    entries: Sequence[Mapping[str, Any]], page: Path, labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the template ``sweeps.html`` shows of each sweep.

    Parameters
    ----------
    entries : ``system``, ``stage``, ``folder`` with :data:`FILES` below the page's, and ``dependents``, the systems
        that take the same values
    page : the page's file
    labels : texts for systems, by name
    """
    return [_describe(entry, page, labels) for entry in entries]


def _describe(entry: Mapping[str, Any], page: Path, labels: Mapping[str, str]) -> dict[str, Any]:
    folder = Path(entry["folder"])
    trials, hparams = (read_rows(folder / FILES[name]) for name in ("trials", "hparams"))
    system, *dependents = (labels.get(name, name) for name in (entry["system"], *entry["dependents"]))
    return {
        "title": f"{system}, stage {entry['stage']}",
        "summary": _summary(trials, hparams, dependents),
        "hparams": _table(hparams, HPARAM_HEADINGS),
        "names": [row["hyperparameter"] for row in hparams],
        "note": _importance_note(hparams),
        "metric": trials[0]["metric"],
        "picture": (folder / FILES["figure"]).resolve().relative_to(page.parent.resolve()).as_posix(),
        "trials": _trials_table(trials),
    }


def _summary(
    trials: Sequence[Mapping[str, str]], hparams: Sequence[Mapping[str, str]], dependents: Sequence[str]
) -> str:
    won = next(row for row in trials if row["chosen"])
    failed = sum(row["status"] == "failed" for row in trials)
    values = ", ".join(f"{row['hyperparameter']} {row['chosen']}" for row in hparams)
    return (
        f"{_count(len(trials), 'trial')} in {_count(int(trials[-1]['round']), 'round')} took {_total(trials)}"
        + (f"; {failed} failed. " if failed else ". ")
        + f"Chosen: {won['trial']} with {values}; its validation {won['metric']} is {won['objective']} "
        f"({won['direction']}d)." + (f" The same values train {', '.join(dependents)}." if dependents else "")
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _total(trials: Sequence[Mapping[str, str]]) -> str:
    """Time of all trials, of which one that ran under an older version may not know its own."""
    seconds = [float(row["seconds"]) for row in trials if row["seconds"]]
    return show_time(sum(seconds)) if len(seconds) == len(trials) else "a time that was not noted"


def show_time(seconds: float) -> str:
    """A duration as text, such as ``3 min 20 s`` or ``1 h 02 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _importance_note(hparams: Sequence[Mapping[str, str]]) -> str:
    if not all(row["importance"] for row in hparams):
        return (
            "Importance is not computed: it takes four finished trials of one number of steps that differ in what "
            "they reached."
        )
    if len(hparams) == 1:
        return "With one hyper-parameter searched, its importance is 1 whatever was found."
    return (
        "Importance: share of each hyper-parameter in how the metric varies (fANOVA, by Optuna), among trials of one "
        "number of steps."
    )


def _trials_table(trials: Sequence[Mapping[str, str]]) -> Table:
    names = [name for name in trials[0] if name.startswith("hparams.")]
    columns = {"trial": "trial", "budget": "steps", "promoted": "resumes from", "status": "status"}
    columns |= {"reason": "reason"} if any(row["reason"] for row in trials) else {}
    columns |= {"objective": trials[0]["metric"], "time": "time"}
    columns |= {name: name.removeprefix("hparams.") for name in names}
    rows = []
    for row in trials:
        status = "chosen" if row["chosen"] else row["status"]
        time = show_time(float(row["seconds"])) if row["seconds"] else ""
        rows.append({**row, "status": status, "time": time})
    return _table(rows, columns)


def _table(rows: Sequence[Mapping[str, str]], columns: Mapping[str, str]) -> Table:
    """Some columns of a CSV file under other headings."""
    return Table(list(columns.values()), [[row[name] or "-" for name in columns] for row in rows])
