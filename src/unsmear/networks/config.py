"""The ``network`` of a stage: which family, and how large. Read without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class JointConfig(BaseModel):
    """Size of a :class:`~unsmear.networks.joint.JointNetwork`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["joint"] = "joint"
    width: int = Field(32, ge=4, le=512, description="channels of the finest level")
    patch: int = Field(
        4, ge=1, le=8, description="pixels a side folded into channels before the finest level"
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


NetworkConfig = JointConfig
