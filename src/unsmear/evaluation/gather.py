"""One table for a system, and its record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.model_card import write_model_card
from unsmear.evaluation.psnr import finite_mean
from unsmear.evaluation.rows import KEY, gather_sequences
from unsmear.files import read_rows, sha256_of

_EXAMPLE_SIDE = 64  # px; a model's example is to show its format


def gather_evaluation(
    system: str,
    sequences: Sequence[str | Path],
    output: str | Path,
    tracking: Mapping[str, Any],
    *,
    baselines: str | Path | None = None,
    camera_path: str | Path | None = None,
    frames: Sequence[str | Path] = (),
    blur: Sequence[str | Path] = (),
    weights: Mapping[str, str | Path] | None = None,
) -> None:
    """Join the tables of a system's sequences and record a run: means of their numbers, data and the model.

    Parameters
    ----------
    sequences : tables that :mod:`unsmear.evaluation.evaluate` wrote
    output : ``per_frame.csv`` to write; the run is recorded in its folder
    tracking : keyword arguments of :func:`unsmear.tracking.run.open_run` but the run's own
    baselines : ``baselines.csv`` to write, the rows of the baselines beside the system
    camera_path : the simulated camera; its PSFs lie beside it
    frames, blur : stores of the test split
    weights : stage -> its weights, in the cascade's order; none for a camera's plain picture
    """
    from unsmear.tracking.run import open_run

    gather_sequences(sequences, output, baselines)
    # The key of an evaluation is the digest of its table, which anybody who has the table can tell.
    key = sha256_of(output)[:16]
    with open_run(Path(output).parent, f"{system}/evaluation", key=key, **tracking) as tracker:
        if not tracker.is_recorded:
            return
        tracker.set_tags({"system": system})
        rows = read_rows(output)
        for frame, means in mean_by_frame(rows).items():
            tracker.log_metrics({f"test.{name}": value for name, value in means.items()}, step=frame)
        summary = summarise_frames(rows)
        tracker.log_metrics({f"test.{name}": value for name, value in summary.items()}, step=0)
        tracker.log_artifact(output)
        facts: dict[str, Any] = {"test sequences": len(sequences), "test rows": len(rows)}
        if camera_path is not None:
            described = json.loads(Path(camera_path).read_text(encoding="utf-8"))
            facts |= {"camera": described["name"], "optics": described["config"]["optics"]["kind"]}
            tracker.log_params({"camera": described["name"], "optics": described["config"]["optics"]})
            for name in ("psfs.npy", "psfs.png", "camera.json"):
                if (path := Path(camera_path).with_name(name)).is_file():
                    tracker.log_artifact(path, "camera")
        if blur:
            facts["data digest"] = _digest_stores([*frames, *blur])
            tracker.log_params({"data": facts["data digest"]})
            tracker.log_dataset("test blur", facts["data digest"], str(Path(blur[0]).parent), "testing")
        if weights and blur:
            _log_model(tracker, system, weights, blur[0], facts, summary)


def _log_model(
    tracker: Any,
    system: str,
    weights: Mapping[str, str | Path],
    blur: str | Path,
    facts: Mapping[str, Any],
    summary: Mapping[str, float],
) -> None:
    from unsmear.frames.store import open_store
    from unsmear.tracking.model import log_cascade_model

    for stage, path in weights.items():
        tracker.log_artifact(path, f"weights/{stage}")
    example = np.ascontiguousarray(open_store(blur)[:1, :_EXAMPLE_SIDE, :_EXAMPLE_SIDE])
    log_cascade_model(tracker, weights, system, example, write_model_card(system, facts, summary))


def _digest_stores(paths: Sequence[str | Path]) -> str:
    from unsmear.frames.store import store_digest

    return hashlib.sha256("".join(store_digest(path) for path in paths).encode()).hexdigest()[:32]


def mean_by_frame(rows: Sequence[Mapping[str, str]]) -> dict[int, dict[str, float]]:
    """Mean of each measure over all groups, by frame number (from 1); infinite PSNR is left out."""
    by_frame: dict[int, list[Mapping[str, str]]] = {}
    for row in rows:
        by_frame.setdefault(int(row["frame"]), []).append(row)
    return {frame: _means(found) for frame, found in sorted(by_frame.items())}


def summarise_frames(rows: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Mean of each measure over all frames, ``all.{measure}``, and over the middle one, ``middle.{measure}``."""
    middle = (max(int(row["frame"]) for row in rows) + 1) // 2
    parts = {"all": rows, "middle": [row for row in rows if int(row["frame"]) == middle]}
    return {f"{part}.{name}": mean for part, found in parts.items() for name, mean in _means(found).items()}


def _means(rows: Sequence[Mapping[str, str]]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, text in row.items():
            if name not in KEY and _is_number(text):
                values.setdefault(name, []).append(float(text))
    return {name: finite_mean(np.array(numbers))[0] for name, numbers in values.items()}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
