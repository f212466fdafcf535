"""One row of every comparison: a system and the files that its evaluation and training wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from unsmear.comparison.measures import read_per_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SystemResults:
    """One system and the tables that its evaluation wrote.

    Parameters
    ----------
    system : its name; ``input_{camera}`` for a camera's plain picture, ``{beside}/{baseline}`` for a baseline, which
        is made from the picture or the system that it stands beside
    camera : name of its camera
    kind : ``input``, ``baseline``, ``pretrained`` or ``trained``
    per_frame : one per-frame table, or one for each seed that the training was repeated with; those of baselines hold
        several, of which the own rows are taken
    label : text for people; by default made from name and kind
    runs, evaluation_runs : keys of the trainings and evaluations behind it
    weights : its stages' ``weights.safetensors`` in the cascade's order, for pictures
    metrics : its stages' ``metrics.csv``, by stage, for training curves
    """

    system: str
    camera: str
    kind: Literal["input", "baseline", "pretrained", "trained"]
    per_frame: tuple[Path, ...]
    label: str = ""
    runs: tuple[str, ...] = ()
    evaluation_runs: tuple[str, ...] = ()
    weights: tuple[Path, ...] = ()
    metrics: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: SystemResults | Mapping[str, Any]) -> SystemResults:
        """Accept a plain mapping with the same keys; ``per_frame`` may be one path."""
        if isinstance(record, SystemResults):
            return record
        paths = record["per_frame"]
        paths = [paths] if isinstance(paths, str | Path) else paths
        return cls(
            system=record["system"],
            camera=record["camera"],
            kind=record["kind"],
            per_frame=tuple(Path(path) for path in paths),
            label=record.get("label", ""),
            runs=tuple(record.get("runs", ())),
            evaluation_runs=tuple(record.get("evaluation_runs", ())),
            weights=tuple(Path(path) for path in record.get("weights", ())),
            metrics={stage: Path(path) for stage, path in record.get("metrics", {}).items()},
        )

    def read_tables(self) -> list[pd.DataFrame]:
        """Its per-frame tables, one for each seed."""
        tables = [read_per_frame(path) for path in self.per_frame]
        if self.kind != "baseline":
            return tables
        # With seeds each table's rows are named after its own training.
        own = [table[table["system"].str.endswith(f"/{self.baseline}")] for table in tables]
        for path, table in zip(self.per_frame, own, strict=True):
            if table.empty:
                raise ValueError(f"{path} has no rows of the baseline {self.baseline}; evaluate again")
        return own

    @property
    def beside(self) -> str:
        """Of a baseline, the row that it is made from."""
        return self.system.rpartition("/")[0]

    @property
    def baseline(self) -> str:
        """Of a baseline, which one: ``wiener``, ``shift`` or ``repeated``."""
        return self.system.rpartition("/")[2]

    @property
    def text(self) -> str:
        """Its name in tables and figures."""
        if self.label:
            return self.label
        plain = self.beside == f"input_{self.camera}"
        shift = "Constant shift of the input ({})" if plain else "Constant shift of the middle frame ({})"
        patterns = {"wiener": "Wiener ({})", "shift": shift, "repeated": "Middle frame repeated ({})"}
        patterns |= {"input": "Input ({})", "pretrained": "Pre-trained", "trained": "Re-trained ({})"}
        name = self.camera if self.kind == "input" or plain else self.beside or self.system
        return patterns[self.baseline if self.kind == "baseline" else self.kind].format(
            name.replace("_", " ").capitalize()
        )
