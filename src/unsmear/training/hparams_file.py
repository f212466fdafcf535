"""The file ``hparams.yaml`` of a training run: its hyper-parameters, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unsmear.files import write_text
from unsmear.training.config import Hparams

FORMAT_VERSION = 1


class _PlainDumper(yaml.SafeDumper):
    """Repeats values where YAML would refer to the first of them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_hparams(path: str | Path, hparams: Mapping[str, Any], **record: Any) -> None:
    """Write the hyper-parameters of a run and where they come from."""
    content = {"format_version": FORMAT_VERSION, "hparams": dict(hparams), **record}
    write_text(path, yaml.dump(content, Dumper=_PlainDumper, sort_keys=False))


def read_record(path: str | Path) -> dict[str, Any]:
    """All that :func:`write_hparams` wrote.

    Raises
    ------
    ValueError
        If the file does not hold that.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}; delete it and run again") from None
    if not isinstance(content, dict) or not isinstance(content.get("hparams"), dict):
        raise ValueError(f"{path} does not hold hyper-parameters; delete it and run again")
    return content


def read_hparams(path: str | Path) -> Hparams:
    """Hyper-parameters of a run.

    Raises
    ------
    ValueError
        Naming the file and what is wrong in it.
    """
    values = read_record(path)["hparams"]
    try:
        return Hparams.model_validate(values)
    except ValueError as error:
        raise ValueError(f"{path} does not hold hyper-parameters: {error}; delete it and run again") from error


def read_trial(path: str | Path) -> dict[str, Any]:
    """Which trial a run is, for its record: round, budget and the trial that it resumes from; empty for other runs."""
    proposal = read_record(path).get("proposal")
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
    start = read_record(path).get("start")
    if start is None:
        return None
    for state in map(Path, states):
        if state.parent.name == Path(start).name:
            return state
    raise ValueError(f"{path} resumes from {start}, whose state is not there; delete {path} and run again")
