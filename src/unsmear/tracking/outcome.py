"""How a run ended, in its ``tracking.json``: for jobs that go on from it, whatever MLflow knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unsmear.files import write_json

KEYS = ("status", "reason", "seconds")


def note_outcome(path: str | Path, outcome: Mapping[str, str | float]) -> None:
    """Add ``status`` (finished or failed), ``seconds`` and, of a failed run, ``reason`` to a ``tracking.json``."""
    content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    write_json(path, {**content, **outcome})


def read_outcome(path: str | Path) -> dict[str, Any]:
    """What :func:`note_outcome` has added; a file without a status is of a run that finished.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return {"status": "finished", **{key: content[key] for key in KEYS if key in content}}
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is no record of a run: {error}; delete it and run again") from error
