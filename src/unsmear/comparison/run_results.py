"""What a results folder holds of its run, for a comparison with another one."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from unsmear.comparison.measures import read_per_frame
from unsmear.comparison.steps import StepCost, read_steps
from unsmear.files import read_rows

if TYPE_CHECKING:
    import pandas as pd

REPORT = "report"
PANEL = "figures/median_middle.png"


@dataclass(frozen=True)
class RunResults:
    """One side of a comparison.

    Parameters
    ----------
    name : as the user calls it
    settings : the configuration; empty where it is not known
    facts : commit, digests and versions, by name
    tables : per-frame tables of what predicts, one for each seed, by row
    labels : texts of the rows
    metrics : further numbers, without groups to pair
    steps : what the jobs of each rule cost
    folder : of the results; None for a recorded run
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Sequence[pd.DataFrame]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    steps: Sequence[StepCost] = ()
    folder: Path | None = None

    @property
    def panel(self) -> Path | None:
        """Picture of the middle frames of the group of median gain."""
        path = self.folder / REPORT / PANEL if self.folder else None
        return path if path and path.is_file() else None

    def frames_digests(self) -> dict[str, str]:
        """Test sequence to the digest of its sharp frames, where the stores are there."""
        from unsmear.frames.store import store_digest

        stores = sorted((self.folder / "frames/test").glob("*.npy")) if self.folder else []
        return {path.stem: store_digest(path) for path in stores}


def read_folder(folder: str | Path) -> RunResults:
    """Read a results folder; one of an earlier version tells neither its configuration nor its digests of code.

    Raises
    ------
    ValueError
        If the workflow has not made a table there, it holds no system, or tables are missing or damaged.
    """
    folder = Path(folder)
    report = folder / REPORT
    if not (report / "table.csv").is_file():
        raise ValueError(f"{folder} holds no {REPORT}/table.csv; name the results folder of a finished run")
    try:
        rows = read_rows(report / "table.csv")
        if any(None in row.values() for row in rows):
            raise ValueError(f"{report / 'table.csv'} is cut off; make the report again")
        rows = [row for row in rows if row["kind"] in ("pretrained", "trained")]
        if not rows:
            raise ValueError(f"{report / 'table.csv'} holds no system; make the report again")
        settings = _read(report / "config.yaml", yaml.safe_load)
        facts = _read(report / "provenance.json", json.loads) or _facts_of_table(rows)
        tables = {row["row"]: _read_tables(folder, row) for row in rows}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OSError, csv.Error, yaml.YAMLError) as error:
        if str(error).startswith(str(folder)):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"{folder} holds results that cannot be read ({reason}); make the report again") from error
    labels = {row["row"]: row.get("label") or row["row"] for row in rows}
    return RunResults(
        str(folder),
        settings,
        {name: str(value) for name, value in flatten(facts).items()},
        tables,
        labels,
        steps=read_steps(folder / "benchmarks"),
        folder=folder,
    )


def flatten(values: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings and lists as names with dots; entries of lists are called by their name, or else numbered."""
    if isinstance(values, Mapping):
        items = [(str(key), value) for key, value in values.items()]
    elif isinstance(values, list | tuple) and any(isinstance(value, Mapping | list) for value in values):
        items = [
            (str(value.get("name", number)) if isinstance(value, Mapping) else str(number), value)
            for number, value in enumerate(values, start=1)
        ]
    else:
        return {prefix: values}
    flat: dict[str, Any] = {} if items or not prefix else {prefix: values}
    for key, value in items:
        flat |= flatten(value, f"{prefix}.{key}" if prefix else key)
    return flat


def _read(path: Path, load: Any) -> dict[str, Any]:
    if not path.is_file():
        return {}
    values = load(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} holds no mapping")
    return values


def _facts_of_table(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {name: rows[0][name] for name in ("commit", "config_digest", "data_digest") if name in rows[0]}


def _read_tables(folder: Path, row: Mapping[str, str]) -> list[pd.DataFrame]:
    """Per-frame tables of a row, those of further seeds behind the first."""
    name, number = Path(row["row"]).name, int(row.get("num_seeds") or 1)
    names = [name, *(f"{name}_seed{seed}" for seed in range(2, number + 1))]
    return [read_per_frame(folder / "evaluation" / each / "per_frame.csv") for each in names]
