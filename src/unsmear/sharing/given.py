"""Experiments that evaluate weights as they are."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.cascade.header import read_header
from unsmear.cascade.order import find_weights
from unsmear.hub import fetch_addresses
from unsmear.sharing.footage import check_name
from unsmear.weights.load import CAMERAS, shipped_weights

# Colours of a camera whose energy differs by more are another camera's.
ENERGY_TOLERANCE = 1e-3


@dataclass(frozen=True)
class GivenSystem:
    """Weights of a cascade and the camera on whose pictures they are evaluated.

    Parameters
    ----------
    name : in files and tables
    camera : an entry of the section ``cameras``
    weights : files of its stages, in the cascade's order
    """

    name: str
    camera: dict[str, Any]
    weights: tuple[Path, ...]

    @property
    def headers(self) -> list[dict[str, Any]]:
        """What the files say of themselves."""
        return [read_header(path) for path in self.weights]


def find_systems(folders: Sequence[str], cameras: Sequence[str]) -> list[GivenSystem]:
    """Systems of weights folders, or those of the package's weights where none is named.

    Parameters
    ----------
    folders : each a system's folder, one of ``*.safetensors``, or ``hf://user/name``
    cameras : ``standard``, ``masked`` or files ``camera.json``: one for all, or one for each folder; empty takes that
        which the weights were trained for

    Raises
    ------
    ValueError
        If weights cannot be read or make no cascade, or it is not known which camera they are for.
    """
    if not folders:
        unknown = [camera for camera in cameras if camera not in CAMERAS]
        if unknown:
            raise ValueError(
                f"--camera {unknown[0]}: the package's weights are for {' and '.join(CAMERAS)}; take these"
            )
        if twice := [camera for camera in cameras if cameras.count(camera) > 1]:
            raise ValueError(f"--camera: {twice[0]} is named twice; name it once")
        return [GivenSystem(name, _plain(name), tuple(shipped_weights(name))) for name in cameras or CAMERAS]
    if len(cameras) not in (0, 1, len(folders)):
        raise ValueError(f"--camera names {len(cameras)} cameras for {len(folders)} folders; name one, or one for each")
    wanted: list[str | None] = [*cameras] * (len(folders) if len(cameras) == 1 else 1) or [None] * len(folders)
    found: list[GivenSystem] = []
    for folder, camera in zip(folders, wanted, strict=True):
        weights = tuple(path.absolute() for path in find_weights(fetch_addresses([folder])))
        check_name(weights[0], "--weights")
        name = _name(folder, [system.name for system in found])
        chosen = _read_camera(camera) if camera else _camera_of(Path(folder), weights[0])
        found.append(GivenSystem(name, chosen, weights))
        if camera:
            _warn_of_other_camera(folder, found[-1])
    return found


def describe_experiment(systems: Sequence[GivenSystem], data: dict[str, Any], name: str) -> dict[str, Any]:
    """The sections of a configuration in which these systems are evaluated and nothing is trained.

    Raises
    ------
    ValueError
        If the systems predict different numbers of frames, or more than are taken of a sequence, or two cameras of
        one name differ.
    """
    lengths = {system.headers[0]["num_frames"] for system in systems}
    if len(lengths) > 1:
        raise ValueError(
            f"--weights: cascades of {sorted(lengths)} frames cannot stand in one table; evaluate each alone"
        )
    length = lengths.pop()
    if data.get("max_frames") is not None and data["max_frames"] < length:
        raise ValueError(
            f"--max-frames: {data['max_frames']} is below the {length} frames that the weights make of a picture; "
            "raise it, or leave it out"
        )
    cameras: dict[str, dict[str, Any]] = {}
    for system in systems:
        if cameras.setdefault(system.camera["name"], system.camera) != system.camera:
            raise ValueError(
                f"--camera: two different cameras are called {system.camera['name']}; rename one in its camera.json, "
                "or evaluate each alone"
            )
    return {
        "name": re.sub(r"[^A-Za-z0-9_.-]", "_", name),
        "data": {**data, "frames_per_group": length},
        "cameras": list(cameras.values()),
        "cascades": [{"name": system.name, "stages": _stages(system)} for system in systems],
        "systems": [{"name": s.name, "camera": s.camera["name"], "cascade": s.name} for s in systems],
        "sweep": [],
    }


def _stages(system: GivenSystem) -> list[dict[str, Any]]:
    return [
        {**header["spec"], "init": str(path), "training": {"steps": 0}}
        for path, header in zip(system.weights, system.headers, strict=True)
    ]


def _plain(kind: str) -> dict[str, Any]:
    return {"name": kind, "optics": kind}


def _name(folder: str, taken: Sequence[str]) -> str:
    """A system's name from that of its folder."""
    name = re.sub(r"[^a-z0-9_]", "_", Path(folder).absolute().name.lower()).removesuffix("_safetensors")
    if name == "pretrained" or name.startswith("input_") or not name.strip("_"):
        name = f"given_{name}"
    candidates = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
    return next(candidate for candidate in candidates if candidate not in taken)


def _camera_of(folder: Path, weights: Path) -> dict[str, Any]:
    """The camera that weights were trained for: of the results that they lie in, or the plain one of that name."""
    name = Path(read_header(weights)["camera"].get("name", "")).name
    # The cameras of results/models/{system} are in results/cameras.
    beside = folder.absolute() / "../../cameras" / name / "camera.json"
    if beside.is_file():
        return _read_camera(str(beside))
    if name in CAMERAS:
        return _plain(name)
    raise ValueError(
        f"--weights: {folder} was trained for the camera {name or 'without a name'}, which is not described there; "
        "name it by --camera: standard, masked, or a file results/cameras/NAME/camera.json"
    )


def _read_camera(text: str) -> dict[str, Any]:
    if text in CAMERAS:
        return _plain(text)
    try:
        content = json.loads(Path(text).read_text(encoding="utf-8"))
        return dict(content["config"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"--camera: {text} is neither standard nor masked nor a camera.json of some results ({error}); name one"
        ) from None


def _warn_of_other_camera(folder: str, system: GivenSystem) -> None:
    from unsmear.optics.camera import Camera
    from unsmear.optics.config import CameraConfig

    header = system.headers[0]
    energy = Camera.from_config(CameraConfig.model_validate(system.camera), header["num_frames"]).energy
    if np.abs(np.asarray(energy) - header["energy"]).max() > ENERGY_TOLERANCE:
        print(
            f"unsmear: {folder} was trained for the camera {header['camera'].get('name')}, and is evaluated on "
            f"pictures of {system.camera['name']}, which dims colours otherwise",
            file=sys.stderr,
        )
