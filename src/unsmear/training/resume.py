"""State that a killed training goes on from: written whole, checked, two of them kept."""

from __future__ import annotations

import logging
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
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.key = key
        self.paths = (folder / "state.pt", folder / "state.previous.pt")

    def save(self, state: dict[str, Any]) -> None:
        """Write the newest state; the one before it stays as a second chance."""
        newest, previous = self.paths
        with write_atomically(newest.with_name("state.new.pt")) as temporary:
            torch.save({"key": self.key, "state": state}, temporary)
        fresh = newest.with_name("state.new.pt")
        digest = sha256_of(fresh)
        if newest.exists():
            newest.replace(previous)
            _digest_path(newest).replace(_digest_path(previous))
        write_text(_digest_path(newest), digest)
        fresh.replace(newest)

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


def _digest_path(path: Path) -> Path:
    return path.with_suffix(".sha256")
