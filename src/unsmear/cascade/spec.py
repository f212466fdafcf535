"""What a stage predicts and from what: declared once, everything else is derived."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from unsmear.networks.config import JointConfig, NetworkConfig, check_network
from unsmear.section import Section

Order = Literal["auto", "true", "free_per_sample", "free_per_pixel", "follow"]


class StageSpec(Section):
    """One stage of a cascade. Frames are numbered from 1."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]*$", description="name of the stage, as in file names")
    predicts: tuple[int, ...] = Field(min_length=1, description="frames that the stage predicts")
    conditions_on: tuple[int, ...] = Field((), description="frames of earlier stages that it is given")
    network: NetworkConfig = Field(default_factory=JointConfig, description="network family and size")
    order: Order = Field(
        "auto",
        description="order of the truth in the loss: true, free_per_sample, free_per_pixel, follow (the direction "
        "of the frozen predecessors), or auto: true for a camera that writes time into the picture, otherwise "
        "free_per_sample for the stage that first leaves the middle and follow for those after it",
    )
    equalise: bool = Field(
        True,
        description="divide the blurry image, colour by colour and in linear light, by the mean energy of the "
        "camera's PSFs",
    )

    @field_validator("predicts", "conditions_on")
    @classmethod
    def _distinct_frames(cls, frames: tuple[int, ...]) -> tuple[int, ...]:
        if any(frame < 1 for frame in frames):
            raise ValueError(f"frames are numbered from 1, found {min(frames)}")
        if len(set(frames)) != len(frames):
            raise ValueError(f"a frame is named twice in {list(frames)}")
        return frames

    @model_validator(mode="after")
    def _network_fits(self) -> StageSpec:
        check_network(self.network, self.predicts, self.conditions_on)
        return self


def check_stages(stages: tuple[StageSpec, ...], num_frames: int) -> None:
    """Refuse a table of stages that cannot work.

    Raises
    ------
    ValueError
        Naming the stage and frame: predicted twice, by nobody, outside 1..num_frames, or
        conditioned on before it is predicted; or two stages of one name.
    """
    predicted: dict[int, str] = {}
    names: set[str] = set()
    for stage in stages:
        if stage.name in names:
            raise ValueError(f"two stages are called {stage.name}; give each a name of its own")
        names.add(stage.name)
        for frame in stage.conditions_on:
            if frame not in predicted:
                raise ValueError(
                    f"stage {stage.name} is conditioned on frame {frame}, which no earlier stage predicts; "
                    "predict it in an earlier stage or remove it from conditions_on"
                )
        for frame in stage.predicts:
            if frame > num_frames:
                raise ValueError(f"stage {stage.name} predicts frame {frame}, but a group has {num_frames} frames")
            if frame in predicted:
                raise ValueError(f"frame {frame} is predicted twice, by {predicted[frame]} and by {stage.name}")
            predicted[frame] = stage.name
        if stage.order == "follow" and not is_off_centre(stage.conditions_on, num_frames):
            raise ValueError(f"stage {stage.name} has order follow, but is given no frame that has a direction")
        if stage.order == "free_per_pixel" and len(stage.predicts) != 2:
            raise ValueError(f"stage {stage.name}: order free_per_pixel needs a pair of frames to predict")
        if stage.order.startswith("free"):
            _check_mirrored(stage, num_frames)
    missing = sorted(set(range(1, num_frames + 1)) - set(predicted))
    if missing:
        raise ValueError(f"no stage predicts frame {missing[0]}; every frame 1 to {num_frames} needs a stage")


def check_weights(stage: StageSpec, other: StageSpec, path: object) -> None:
    """Refuse weights of another network than that of ``stage``, or for other frames.

    Parameters
    ----------
    other : the stage that the weights in ``path`` are of

    Raises
    ------
    ValueError
        Naming what differs.
    """
    for field in ("network", "predicts", "conditions_on"):
        wanted, found = getattr(stage, field), getattr(other, field)
        if wanted != found:
            raise ValueError(
                f"{path} cannot start stage {stage.name}: its {field} is {found!r}, the stage's is {wanted!r}; "
                "choose weights of the same network"
            )


def is_off_centre(frames: tuple[int, ...], num_frames: int) -> bool:
    """Whether any of the frames moves when the group is reversed."""
    return any(2 * frame != num_frames + 1 for frame in frames)


def resolve_order(stage: StageSpec, num_frames: int, time_symmetric: bool) -> Order:
    """Order in which the loss compares with the truth.

    Parameters
    ----------
    time_symmetric : the camera records the same picture when the frames are reversed

    Raises
    ------
    ValueError
        If either direction would be right for a stage whose frames have none, as their mirrors are missing.
    """
    if stage.order != "auto":
        return stage.order
    if not time_symmetric or not is_off_centre(stage.predicts, num_frames):
        return "true"
    if is_off_centre(stage.conditions_on, num_frames):
        return "follow"
    _check_mirrored(stage, num_frames)
    return "free_per_sample"


def _check_mirrored(stage: StageSpec, num_frames: int) -> None:
    """Reversing the predicted frames must be the same as reversing the group."""
    for frame, opposite in zip(stage.predicts, reversed(stage.predicts), strict=True):
        if frame + opposite != num_frames + 1:
            raise ValueError(
                f"stage {stage.name} predicts {list(stage.predicts)}, where frame {num_frames + 1 - frame} does not "
                f"mirror frame {frame}: without a direction of time it needs frames like [3, 5] or [1, 2, 6, 7] of "
                "7; predict both sides in one stage, from the outside in, or set its order to true"
            )


def find_predecessors(stages: tuple[StageSpec, ...], name: str) -> tuple[str, ...]:
    """Names of the stages whose predictions ``name`` needs, directly or not, in their order."""
    by_name = {stage.name: stage for stage in stages}
    needed: set[str] = set()
    pending = [name]
    while pending:
        frames = set(by_name[pending.pop()].conditions_on)
        for stage in stages:
            if frames & set(stage.predicts) and stage.name not in needed:
                needed.add(stage.name)
                pending.append(stage.name)
    return tuple(stage.name for stage in stages if stage.name in needed)
