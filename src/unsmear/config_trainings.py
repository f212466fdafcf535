"""What trainings and searches can do with what the rest of the configuration gives them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from unsmear.cascade.spec import StageSpec, check_stages, find_predecessors
from unsmear.config_faults import describe_faults
from unsmear.sweep.config import InheritConfig
from unsmear.sweep.space import Distribution, Integer
from unsmear.training.config import Hparams

if TYPE_CHECKING:
    from unsmear.config import Config


def check_trainings(config: Config) -> None:
    """Refuse trainings that no job could do.

    Raises
    ------
    ValueError
        Naming the key, what was found and what to do.
    """
    _check_cascades(config)
    _check_searches(config)
    _check_reblur(config)


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


def _check_searches(config: Config) -> None:
    for entry in config.sweep:
        if isinstance(entry, InheritConfig):
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
