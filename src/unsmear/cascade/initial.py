"""Start of a training from weights that exist."""

from __future__ import annotations

from pathlib import Path

import torch

from unsmear.cascade.checkpoint import load_stage
from unsmear.cascade.spec import check_weights
from unsmear.cascade.stage import Stage


def start_from(stage: Stage, path: str | Path) -> None:
    """Give ``stage`` the weights of a file of the same network; its own order, camera and name stay.

    Raises
    ------
    ValueError
        If the file is no weights file, or holds another network or other frames.
    """
    other = load_stage(path).stage
    check_weights(stage.spec, other.spec, path)
    stage.load_state_dict(other.state_dict())


def start_trunk_from(stage: Stage, path: str | Path) -> None:
    """Give the trunk of ``stage`` that of another stage; its last layer stays new.

    Frames that the other stage was not given have no say at the start.

    Raises
    ------
    ValueError
        If either is no joint or motion network, or their trunks are of different size.
    """
    other = load_stage(path).stage
    networks = stage.spec.network, other.spec.network
    sizes = [network.model_dump(exclude={"kind"}) for network in networks]
    own, given = stage.network.state_dict(), other.network.state_dict()
    shared = {key: value for key, value in given.items() if not key.startswith(("head.", "stem.weight"))}
    if sizes[0] != sizes[1] or not {network.kind for network in networks} <= {"joint", "motion"}:
        raise ValueError(
            f"stage {stage.spec.name} cannot start from the trunk in {path}: its network is {stage.spec.network!r}, "
            f"that one {other.spec.network!r}; give both joint or motion networks of one size"
        )
    # Pictures by their numbers, the blurry image being 0.
    stem = torch.zeros_like(own["stem.weight"])
    pictures, known = ((0, *spec.conditions_on) for spec in (stage.spec, other.spec))
    to, of = stem.unflatten(1, (len(pictures), -1)), given["stem.weight"].unflatten(1, (len(known), -1))
    for picture in set(pictures) & set(known):
        to[:, pictures.index(picture)] = of[:, known.index(picture)]
    stage.network.load_state_dict({**own, **shared, "stem.weight": stem})
