"""State that a killed training resumes from: written whole, checked, two of them kept."""

from __future__ import annotations

import hashlib
import io
import logging
import os
from pathlib import Path
from typing import Any

import torch

from unsmear.files import write_atomically

logger = logging.getLogger(__name__)


class StateFiles:
    """States of one run in its folder, beside its outputs.

    Parameters
    ----------
    folder : of the run
    key : digest of all that the run depends on; a state of another key is not used
    declared : whether ``state.pt`` is an output of the job. The workflow deletes it when the job fails, so
        the states to resume from then have other names.
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
        try:
            with write_atomically(newest) as temporary:
                _write(temporary, {"key": self.key, "settings": {}, "state": state})
                # Killed here, the previous state is the last one: each file carries its own checksum.
                if newest.exists():
                    newest.replace(previous)
        except OSError as error:
            raise ValueError(
                f"the state of the training cannot be written to {newest}: {error.strerror}; earlier states are "
                "intact: make room on the disk and run again"
            ) from error

    def load(self) -> dict[str, Any] | None:
        """Newest usable state, or None; says in the log why a state is passed over."""
        for path in self.paths:
            if not path.exists():
                continue
            try:
                content = _read(path)
            except ValueError as error:
                logger.warning("%s; resuming from the state before it, if there is one", error)
                continue
            if content["key"] != self.key:
                logger.warning("%s belongs to other hyper-parameters, data or code and is not used", path)
                continue
            state: dict[str, Any] = content["state"]
            return state
        return None

    def remove(self) -> None:
        """Delete all states, when the run has ended well."""
        newest = self.paths[0]
        for path in (*self.paths, *newest.parent.glob(f".{newest.stem}.*.tmp.pt")):
            path.unlink(missing_ok=True)


def write_state(path: Path, key: str, settings: dict[str, Any], state: dict[str, Any]) -> None:
    """Write the state of a run, atomically.

    Parameters
    ----------
    key : digest of all that the run depends on
    settings : what the run depends on, as plain values, for a later run that resumes from this file
    """
    with write_atomically(path) as temporary:
        _write(temporary, {"key": key, "settings": settings, "state": state})


def read_start(path: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """State of a finished shorter training, to resume from with more steps.

    Parameters
    ----------
    settings : of the training that goes on; all but ``hparams.steps`` must be those of the file

    Raises
    ------
    ValueError
        If the file cannot be read, or belongs to a training with other settings.
    """
    try:
        content = _read(path)
    except ValueError as error:
        raise ValueError(f"{error}; delete it and run again") from None
    found, state = content["settings"], content["state"]
    steps = int(state["step"])
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


def _write(path: Path, content: dict[str, Any]) -> None:
    """A line with the SHA-256 of what follows, then torch's format."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    data = buffer.getbuffer()
    with path.open("wb") as stream:
        stream.write(hashlib.sha256(data).hexdigest().encode() + b"\n")
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _read(path: Path) -> dict[str, Any]:
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if digest != hashlib.sha256(data).hexdigest().encode():
        raise ValueError(f"{path} is torn or corrupt, or no state of a training")
    content: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    return content
