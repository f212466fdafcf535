"""How a training ended, for what resumes from it: ``outcome.json`` beside its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unsmear.files import write_json


def write_outcome(path: str | Path, *, key: str, status: str, seconds: float, reason: str | None = None) -> None:
    """Write how a training ended.

    Parameters
    ----------
    key : digest of its settings, data and code, by which its run is found in MLflow (tag ``unsmear.key``)
    status : ``finished`` or ``failed``
    seconds : that it took
    reason : why it failed
    """
    why = {} if reason is None else {"reason": reason}
    write_json(path, {"key": key, "status": status, **why, "seconds": round(seconds, 3)})


def read_outcome(path: str | Path) -> dict[str, Any]:
    """What :func:`write_outcome` wrote.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return {"key": str(content["key"]), "status": str(content["status"]), **content}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no outcome of a training: {error}; delete it and run again") from error
