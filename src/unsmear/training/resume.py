"""State that a killed training goes on from: written whole, checked, two of them kept."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from typing import Any

import torch

from unsmear.files import sha256_of, write_atomically, write_text

logger = logging.getLogger(__name__)


class StateFiles:
    """States of one run in its folder, beside its outputs.

    Parameters
    ----------
    folder : of the run
    key : digest of all that the run depends on; a state of another key is not used
    declared : whether ``state.pt`` is an output of the job. The workflow deletes it when the job fails, so
        the states to go on from then have other names.
    """

    def __init__(self, folder: Path, key: str, declared: bool = False) -> None:
        self.key = key
        self.paths = (folder / ("state.newest.pt" if declared else "state.pt"), folder / "state.previous.pt")

    def save(self, state: dict[str, Any]) -> None:
        """Write the newest state; the one before it stays as a second chance.

        Raises
        ------
        ValueError
            If the disk is full; earlier states are intact.
        """
        newest, previous = self.paths
        fresh = newest.with_name("state.new.pt")
        try:
            write_state(fresh, self.key, {}, state)
            digest = sha256_of(fresh)
            if newest.exists():
                newest.replace(previous)
                _digest_path(newest).replace(_digest_path(previous))
            write_text(_digest_path(newest), digest)
            fresh.replace(newest)
        except (OSError, RuntimeError) as error:  # torch tells a failed write as a RuntimeError
            fresh.unlink(missing_ok=True)
            raise ValueError(
                f"the state of the training cannot be written to {newest}: {error}; earlier states are intact: "
                "make room on the disk and run again"
            ) from error

    def load(self) -> dict[str, Any] | None:
        """Newest usable state, or None; says in the log why a state is passed over."""
        for path in self.paths:
            if not path.exists():
                continue
            digest = _digest_path(path)
            if not digest.exists() or digest.read_text() != sha256_of(path):
                logger.warning("%s is torn or corrupt; going on from the state before it", path)
                continue
            content = torch.load(path, weights_only=True, map_location="cpu")
            if content["key"] != self.key:
                logger.warning("%s belongs to other hyper-parameters, data or code and is not used", path)
                continue
            state: dict[str, Any] = content["state"]
            return state
        return None

    def remove(self) -> None:
        """Delete all states, when the run has ended well."""
        for path in (*self.paths, self.paths[0].with_name("state.new.pt")):
            path.unlink(missing_ok=True)
            _digest_path(path).unlink(missing_ok=True)


def write_state(path: Path, key: str, settings: dict[str, Any], state: dict[str, Any]) -> None:
    """Write the state of a run, atomically.

    Parameters
    ----------
    key : digest of all that the run depends on
    settings : what the run depends on, as plain values, for a later run that goes on from this file
    """
    with write_atomically(path) as temporary:
        torch.save({"key": key, "settings": settings, "state": state}, temporary)


def read_start(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """State of a finished shorter training, to go on from with more steps.

    Parameters
    ----------
    settings : of the training that goes on; all but ``hparams.steps`` must be those of the file

    Raises
    ------
    ValueError
        If the file cannot be read, or belongs to a training with other settings.
    """
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        found, state = content["settings"], content["state"]
        steps = int(state["step"])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path} is no state of a training: {error}; delete it and run again") from error
    differing = sorted(
        name for name in settings.keys() | found.keys() if _varying(settings, name) != _varying(found, name)
    )
    if differing:
        raise ValueError(
            f"{path} cannot be gone on from: its {', '.join(differing)} differ; only the number of steps may change"
        )
    if steps > settings["hparams"]["steps"]:
        raise ValueError(f"{path} has done {steps} steps, more than the {settings['hparams']['steps']} wanted")
    return dict(state)


def _varying(settings: dict[str, Any], name: str) -> Any:
    value = settings.get(name)
    return {k: v for k, v in value.items() if k != "steps"} if name == "hparams" and isinstance(value, dict) else value


def _digest_path(path: Path) -> Path:
    return path.with_suffix(".sha256")
