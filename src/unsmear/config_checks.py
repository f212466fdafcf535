"""What sections of the configuration must agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unsmear.cascade.jin2018 import NUM_FRAMES, published_stages
from unsmear.config_trainings import check_trainings
from unsmear.frames.splits import ALL_SPLITS
from unsmear.optics.optics_config import CodedExposureOptics
from unsmear.sweep.config import InheritConfig, SweepConfig

if TYPE_CHECKING:
    from unsmear.config import Config


def check_agreement(config: Config) -> None:
    """Refuse a configuration whose sections contradict each other.

    Raises
    ------
    ValueError
        Naming the key, what was found, and what there is to choose from.
    """
    _check_names(config)
    _check_cameras(config)
    _check_systems(config)
    _check_pretrained(config)
    _check_sweeps(config)
    check_trainings(config)
    _check_scenes(config)
    _check_self_ensemble(config)
    for name in config.report.labels:
        known = [*(s.name for s in config.systems), *(f"input_{c.name}" for c in config.cameras)]
        _require("report", "labels", "system", name, known)


def _check_scenes(config: Config) -> None:
    cut, wanted = config.scenes.cut_every, config.data.frames_per_group
    if cut is not None and cut % wanted:
        raise ValueError(
            f"scenes.cut_every is {cut}: frame groups of {wanted} would show two scenes; take a multiple of {wanted}"
        )
    needed = ALL_SPLITS if config.trains else ("test",)
    for split in needed if config.data.source == "scenes" else ():
        if (found := config.scenes.num_frames(split)) < wanted:
            raise ValueError(
                f"scenes.{split}_frames is {found}, but a group has {wanted} frames (data.frames_per_group); raise it"
            )


def _check_self_ensemble(config: Config) -> None:
    number, middle = config.evaluation.self_ensemble, ((config.data.frames_per_group + 1) // 2,)
    for cascade in config.cascades if number > 1 else ():
        if all(stage.predicts != middle for stage in cascade.stages):
            raise ValueError(
                f"evaluation.self_ensemble is {number}, but no stage of cascade {cascade.name} predicts frame "
                f"{middle[0]} alone, whose predictions are averaged; set it to 1"
            )


def _check_names(config: Config) -> None:
    for key in ("cameras", "cascades", "systems"):
        names = [entry.name for entry in getattr(config, key)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{key}: two entries are called {name}; rename one")
    owners: dict[str, str] = {}
    for system in config.systems:
        for repeat in system.repeats:
            if repeat in owners:
                raise ValueError(
                    f"systems: {system.name} and {owners[repeat]} with its seeds both make {repeat}; rename one"
                )
            owners[repeat] = system.name
    for system in config.systems:
        if system.name == "pretrained" or system.name.startswith("input_"):
            raise ValueError(f"systems: the name {system.name} is taken by the workflow; choose another")


def _check_cameras(config: Config) -> None:
    for camera in config.cameras:
        optics, wanted = camera.optics, config.data.frames_per_group
        if isinstance(optics, CodedExposureOptics) and len(optics.weights) != wanted:
            raise ValueError(
                f"cameras: {camera.name}: optics.weights has {len(optics.weights)} numbers, but a group has "
                f"{wanted} frames; give one weight a frame"
            )


def _check_systems(config: Config) -> None:
    for system in config.systems:
        _require("systems", system.name, "camera", system.camera, [camera.name for camera in config.cameras])
        _require("systems", system.name, "cascade", system.cascade, [cascade.name for cascade in config.cascades])


def _check_pretrained(config: Config) -> None:
    if config.pretrained is not None:
        _require("pretrained", "evaluation", "camera", config.pretrained.camera, [c.name for c in config.cameras])
        if config.data.frames_per_group != NUM_FRAMES:
            raise ValueError(
                f"pretrained: the released networks predict {NUM_FRAMES} frames, but data.frames_per_group is "
                f"{config.data.frames_per_group}; set it to {NUM_FRAMES} or remove pretrained"
            )
    released = {spec.name: spec for spec in published_stages()}
    for cascade in config.cascades:
        for stage in cascade.stages:
            if stage.init != "pretrained":
                continue
            place = f"cascades: {cascade.name}: {stage.name}: init: pretrained"
            if config.pretrained is None:
                raise ValueError(f"{place} needs the released weights; add `pretrained: {{}}`")
            spec = released.get(stage.name)
            for key in ("network", "predicts", "conditions_on"):
                found, wanted = getattr(stage, key), getattr(spec, key, None)
                if found != wanted:
                    raise ValueError(
                        f"{place}: {key} is {found!r}, that of the released stage of this name is {wanted!r}; "
                        f"the release has stages {list(released)}"
                    )


def _check_sweeps(config: Config) -> None:
    seen = set()
    for entry in config.sweep:
        _require("sweep", entry.stage, "system", entry.system, [system.name for system in config.systems])
        stages = [stage.name for stage in config.stages(entry.system)]
        _require("sweep", entry.system, "stage", entry.stage, stages)
        if (entry.system, entry.stage) in seen:
            raise ValueError(f"sweep: {entry.system}/{entry.stage} is named twice; keep one entry")
        seen.add((entry.system, entry.stage))
        searched = entry.inherit if isinstance(entry, InheritConfig) else entry.system
        if not isinstance(config.sweep_of(searched, entry.stage), SweepConfig):
            raise ValueError(f"sweep: {entry.system}/{entry.stage} inherits from {searched}, which has no sweep")


def _require(section: str, owner: str, key: str, found: str, known: Sequence[str]) -> None:
    if found not in known:
        raise ValueError(f"{section}: {owner}: {key} {found} is not defined; choose among {list(known)}")
