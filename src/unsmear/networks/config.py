"""The ``network`` of a stage: which family, and how large. Read without torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from unsmear.section import Section


class JointConfig(Section):
    """Size of a :class:`~unsmear.networks.joint.JointNetwork`."""

    kind: Literal["joint"] = "joint"
    width: int = Field(32, ge=4, le=512, description="channels of the finest level")
    patch: int = Field(4, ge=1, le=8, description="pixels a side folded into channels before the finest level")
    attention: bool = Field(
        True,
        description="weigh channels by their means over the whole picture; false makes a pixel depend on its "
        "surroundings alone, so that tiles of a large picture fit together",
    )
    encoder_blocks: tuple[Annotated[int, Field(ge=0, le=64)], ...] = Field(
        (1, 1), min_length=1, max_length=6, description="blocks of each level, finest first"
    )
    middle_blocks: int = Field(2, ge=0, le=64, description="blocks below the coarsest level")
    decoder_blocks: tuple[Annotated[int, Field(ge=0, le=64)], ...] = Field(
        (1, 1), min_length=1, max_length=6, description="blocks of each level, finest first"
    )

    @model_validator(mode="after")
    def _levels_match(self) -> JointConfig:
        if len(self.encoder_blocks) != len(self.decoder_blocks):
            raise ValueError("encoder_blocks and decoder_blocks must name equally many levels")
        return self


class MotionConfig(JointConfig):
    """Size of a :class:`~unsmear.networks.motion.MotionNetwork`."""

    kind: Literal["motion"] = "motion"  # type: ignore[assignment]


class PublishedCenterConfig(Section):
    """Size of a :class:`~unsmear.networks.center.PublishedCenter`; the defaults are the published ones."""

    kind: Literal["published_center"] = "published_center"
    width: int = Field(144, ge=1, le=1024, description="channels of a colour's trunk")
    blocks: int = Field(3, ge=0, le=64, description="plain blocks in the first and in the last group")
    colour_width: int = Field(64, ge=1, le=1024, description="channels of the layers where colours meet")
    patch: int = Field(4, ge=1, le=16, description="pixels a side folded into channels")


class PublishedPairConfig(Section):
    """Size of a :class:`~unsmear.networks.off_centre.PublishedPair`; the defaults are those of f26 and f17."""

    kind: Literal["published_pair"] = "published_pair"
    width: int = Field(128, ge=4, le=1024, multiple_of=4, description="channels of a colour's trunk")
    blocks: int = Field(
        2, ge=0, le=64, description="plain blocks in the first and in the last group; 4 in the published f35"
    )
    sharing: bool = Field(
        True, description="one network for every frame of the stage; false gives each frame its own, as in f35"
    )
    colour_width: int = Field(32, ge=1, le=1024, description="channels of the layers where colours meet")
    patch: int = Field(5, ge=1, le=16, description="pixels a side folded into channels")


def _find_kind(network: Any) -> Any:
    return network.get("kind", "joint") if isinstance(network, dict) else getattr(network, "kind", None)


NetworkConfig = Annotated[
    Annotated[JointConfig, Tag("joint")]
    | Annotated[MotionConfig, Tag("motion")]
    | Annotated[PublishedCenterConfig, Tag("published_center")]
    | Annotated[PublishedPairConfig, Tag("published_pair")],
    Discriminator(_find_kind),
]


def check_network(
    config: JointConfig | MotionConfig | PublishedCenterConfig | PublishedPairConfig,
    predicts: tuple[int, ...],
    conditions_on: tuple[int, ...],
) -> None:
    """Refuse a stage that its network cannot serve.

    Raises
    ------
    ValueError
        If a published_center is to predict several frames or is conditioned on any, or a
        published_pair or a motion network is conditioned on none.
    """
    if config.kind == "motion" and not conditions_on:
        raise ValueError(
            f"a motion network moves sharp frames that it is given, but the stage that predicts {list(predicts)} is "
            "conditioned on none; fill conditions_on with frames of earlier stages, or use joint"
        )
    if config.kind == "published_center" and (len(predicts) != 1 or conditions_on):
        raise ValueError(
            f"a published_center predicts one frame from the blurry image alone, found predicts "
            f"{list(predicts)}, conditions_on {list(conditions_on)}; use published_pair or joint there"
        )
    if config.kind == "published_pair" and not conditions_on:
        raise ValueError(
            f"a published_pair corrects frames that it is given, but the stage that predicts "
            f"{list(predicts)} is conditioned on none; fill conditions_on, or use published_center or joint"
        )
