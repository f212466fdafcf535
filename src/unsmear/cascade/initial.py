"""Start of a training from weights that exist."""

from __future__ import annotations

from pathlib import Path

from unsmear.cascade.checkpoint import load_stage
from unsmear.cascade.stage import Stage


def start_from(stage: Stage, path: str | Path) -> None:
    """Give ``stage`` the weights of a file of the same network; its own order, camera and name stay.

    Raises
    ------
    ValueError
        If the file is no weights file, or holds another network or other frames.
    """
    other = load_stage(path).stage
    for field in ("network", "predicts", "conditions_on"):
        wanted, found = getattr(stage.spec, field), getattr(other.spec, field)
        if wanted != found:
            raise ValueError(
                f"{path} cannot start stage {stage.spec.name}: its {field} is {found!r}, the stage's is {wanted!r}; "
                "choose weights of the same network"
            )
    stage.load_state_dict(other.state_dict())
