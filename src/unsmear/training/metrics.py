"""metrics.csv: what a training run measured, row by row."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from unsmear.files import write_text

COLUMNS = ("step", "epoch", "split", "loss", "psnr", "lr", "images_per_second", "data_wait")


class MetricsTable:
    """Rows gathered in memory and written whole; a resumed run brings its earlier rows."""

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = list(rows or [])

    def add(self, **row: Any) -> None:
        """Append one row: :data:`COLUMNS` and the terms of the loss; ``data_wait`` is a share of the step time."""
        self.rows.append(row)

    @property
    def columns(self) -> list[str]:
        """The columns that every run has, and those of its loss."""
        return list(dict.fromkeys([*COLUMNS, *(name for row in self.rows for name in row)]))

    def runs_out_of_patience(self, patience: int) -> bool:
        """Whether the validation PSNR has not risen for ``patience`` validations; 0 waits for ever."""
        values = [row["psnr"] for row in self.rows if row["split"] == "val"]
        return 0 < patience < len(values) and max(values[-patience:]) <= max(values[:-patience])

    def write(self, path: Path) -> None:
        """Write all rows, atomically."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
        write_text(path, text.getvalue())
