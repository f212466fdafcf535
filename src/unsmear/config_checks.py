"""What sections of the configuration must agree on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from unsmear.cascade.jin2018 import NUM_FRAMES, published_stages
from unsmear.cascade.spec import StageSpec, check_stages, find_predecessors
from unsmear.config_faults import describe_faults
from unsmear.optics.config import CodedExposureOptics
from unsmear.sweep.config import InheritConfig, SweepConfig
from unsmear.sweep.space import Distribution, Integer
from unsmear.training.config import Hparams

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
    _check_cascades(config)
    _check_systems(config)
    _check_pretrained(config)
    _check_sweeps(config)
    _check_reblur(config)
    cut, wanted = config.scenes.cut_every, config.data.frames_per_group
    if cut is not None and cut % wanted:
        raise ValueError(
            f"scenes.cut_every is {cut}: frame groups of {wanted} would show two scenes; take a multiple of {wanted}"
        )
    for name in config.report.labels:
        known = [*(s.name for s in config.systems), *(f"input_{c.name}" for c in config.cameras)]
        _require("report", "labels", "system", name, known)


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


def _check_cascades(config: Config) -> None:
    for cascade in config.cascades:
        try:
            check_stages(cascade.stages, config.data.frames_per_group)
        except ValueError as error:
            raise ValueError(f"cascades: {cascade.name}: {error}") from None
        for stage in cascade.stages:
            place = f"cascades: {cascade.name}: {stage.name}: training"
            values = {**config.training.defaults.model_dump(), **stage.training}
            try:
                hparams = Hparams.model_validate(values)
            except ValidationError as error:
                raise ValueError(f"{place}: {'; '.join(describe_faults(error, Hparams, values))}") from None
            _check_crop(config, place, hparams.crop)
            if hparams.steps:
                _check_parts(config, place, [hparams.batch_size], [hparams.accumulate])
            if not hparams.steps and not stage.init:
                raise ValueError(f"{place}: steps is 0, but the stage starts from nothing; give it steps or an init")
            _check_trunk(cascade.stages, stage, f"cascades: {cascade.name}: {stage.name}")


def _check_trunk(stages: tuple[StageSpec, ...], stage: Any, place: str) -> None:
    """A trunk comes of a stage above whose frames the stage is given, so that it is trained before."""
    by_name = {entry.name: entry for entry in stages}
    if stage.init not in by_name:
        return
    if stage.init not in find_predecessors(stages, stage.name):
        raise ValueError(
            f"{place}: init: {stage.init} is no stage whose frames {stage.name} is given; name one of "
            f"{list(find_predecessors(stages, stage.name))}, or a weights file"
        )
    same = {"kind"}
    found, wanted = (entry.network.model_dump(exclude=same) for entry in (by_name[stage.init], stage))
    if found != wanted:
        raise ValueError(
            f"{place}: init: the trunk of {stage.init} has another size: {found}, not {wanted}; make them equal"
        )


def _check_crop(config: Config, place: str, crop: int) -> None:
    side = min(config.scenes.height, config.scenes.width)
    if config.data.source == "scenes" and crop > side:
        raise ValueError(f"{place}: a crop of {crop} pixels does not fit scenes of {side}; lower crop")


def _check_parts(config: Config, place: str, batch_sizes: Sequence[Any], accumulates: Sequence[int]) -> None:
    """Every batch can be cut into the parts that go through the network on each GPU."""
    for batch_size, accumulate in product(batch_sizes, accumulates):
        parts = accumulate * max(1, config.training.gpus)
        if batch_size != "auto" and batch_size % parts:
            raise ValueError(
                f"{place}: batch_size {batch_size} cannot be cut into {parts} equal parts (accumulate x "
                f"training.gpus); make it a multiple of {parts}"
            )


def _check_reblur(config: Config) -> None:
    for system in config.systems:
        camera = config.camera(system.camera)
        for stage in config.stages(system.name):
            weighs = config.weighs(system.name, stage.name, "reblur_weight")
            if camera.response != "identity" and weighs and config.is_trained(system.name, stage.name):
                raise ValueError(
                    f"cascades: {system.cascade}: {stage.name}: training: reblur_weight is above 0, but frames are "
                    f"exposed in linear light, and camera {camera.name} of system {system.name} has a response; set it "
                    "to 0, or take a camera without a response"
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
        if isinstance(entry, InheritConfig):
            if not isinstance(config.sweep_of(entry.inherit, entry.stage), SweepConfig):
                raise ValueError(
                    f"sweep: {entry.system}/{entry.stage} inherits from {entry.inherit}, which has no sweep"
                )
            continue
        place, hparams = f"sweep: {entry.system}/{entry.stage}", config.hparams(entry.system, entry.stage)
        crops, batch_sizes, accumulates = (
            _values(entry.space[name]) if name in entry.space else [getattr(hparams, name)]
            for name in ("crop", "batch_size", "accumulate")
        )
        _check_crop(config, place, max(crops))
        _check_parts(config, place, batch_sizes, accumulates)


def _values(entry: Distribution) -> Sequence[Any]:
    """Values of a hyper-parameter that has whole numbers alone."""
    return range(entry.int[0], entry.int[1] + 1) if isinstance(entry, Integer) else entry.examples


def _require(section: str, owner: str, key: str, found: str, known: Sequence[str]) -> None:
    if found not in known:
        raise ValueError(f"{section}: {owner}: {key} {found} is not defined; choose among {list(known)}")
