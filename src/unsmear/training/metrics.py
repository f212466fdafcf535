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
        """Append one row; keys are among :data:`COLUMNS`, ``data_wait`` is a share of the step time."""
        assert set(row) <= set(COLUMNS), f"unknown column in {sorted(row)}"
        self.rows.append(row)

    def write(self, path: Path) -> None:
        """Write all rows, atomically."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
        write_text(path, text.getvalue())


def read_metrics(path: str | Path) -> list[dict[str, str]]:
    """Rows of a metrics.csv as texts, in order."""
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
