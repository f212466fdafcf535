"""One table for a system, and its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.psnr import finite_mean
from unsmear.evaluation.rows import gather_sequences, read_rows


def gather_evaluation(
    system: str, sequences: Sequence[str | Path], output: str | Path, tracking: Mapping[str, Any]
) -> None:
    """Join the tables of a system's sequences and record the means of their numbers as a run.

    Parameters
    ----------
    sequences : tables that :mod:`unsmear.evaluation.evaluate` wrote
    output : ``per_frame.csv`` to write; the run is recorded in its folder
    tracking : keyword arguments of :func:`unsmear.tracking.open_tracker` but the run's own
    """
    from unsmear.tracking import open_tracker

    gather_sequences(sequences, output)
    with open_tracker(
        **tracking, directory=Path(output).parent, run_name=f"{system}/evaluation", tags={"system": system}
    ) as tracker:
        for frame, means in mean_by_frame(read_rows(output)).items():
            tracker.log_metrics({f"test.{name}": value for name, value in means.items()}, step=frame)
        tracker.log_artifact(output)


def mean_by_frame(rows: Sequence[Mapping[str, str]]) -> dict[int, dict[str, float]]:
    """Mean of each measure over all groups, by frame number (from 1); infinite PSNR is left out."""
    keys = ("system", "split", "sequence", "group", "frame")
    values: dict[int, dict[str, list[float]]] = {}
    for row in rows:
        of_frame = values.setdefault(int(row["frame"]), {})
        for name, text in row.items():
            if name not in keys and _is_number(text):
                of_frame.setdefault(name, []).append(float(text))
    return {
        frame: {name: finite_mean(np.array(numbers))[0] for name, numbers in columns.items()}
        for frame, columns in sorted(values.items())
    }


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
