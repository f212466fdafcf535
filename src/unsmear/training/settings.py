"""What one training run depends on, in plain values: the key of its states and its record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from unsmear.training.config import Hparams


def read_hparams(path: str | Path) -> Hparams:
    """Hyper-parameters of a run from its ``hparams.yaml``.

    Raises
    ------
    ValueError
        Naming the file and what is wrong in it.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return Hparams.model_validate(content["hparams"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not hold hyper-parameters: {error}; delete it and run again") from error


def read_trial(path: str | Path) -> dict[str, Any]:
    """Which trial a run is, for its record: round, budget and the trial that it resumes from; empty for other runs."""
    proposal = yaml.safe_load(Path(path).read_text(encoding="utf-8")).get("proposal")
    if not proposal:
        return {}
    return {"trial": {name: proposal[name] for name in ("round", "budget", "promoted") if name in proposal}}


def find_start(path: str | Path, states: Sequence[str | Path]) -> Path | None:
    """The saved state, among ``states`` of trials, from which a run goes on; None where it begins anew.

    Parameters
    ----------
    path : the run's ``hparams.yaml``, whose ``start`` names the trial
    states : files ``{trial}/state.pt``

    Raises
    ------
    ValueError
        If the trial's state is not among them.
    """
    start = yaml.safe_load(Path(path).read_text(encoding="utf-8")).get("start")
    if start is None:
        return None
    for state in map(Path, states):
        if state.parent.name == Path(start).name:
            return state
    raise ValueError(f"{path} resumes from {start}, whose state is not there; delete {path} and run again")


def digest_file(path: str | Path) -> str:
    """First 16 hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def key_of(settings: dict[str, Any]) -> str:
    """Digest of settings, hexadecimal."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def seed_of(seed: int, *names: str) -> int:
    """Seed for one purpose, so that stages do not share first weights or samples."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{'/'.join(names)}".encode()).digest()[:4])
