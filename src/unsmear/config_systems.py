"""The ``cascades`` and ``systems`` sections: stages with their training, and which camera each cascade is for."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from unsmear.cascade.spec import StageSpec
from unsmear.section import Section


class StageConfig(StageSpec):
    """A stage and the hyper-parameters in which its training differs from the defaults."""

    training: dict[str, Any] = Field(
        default_factory=dict, description="hyper-parameters that differ from training.defaults, such as {steps: 500}"
    )
    init: str | None = Field(
        None,
        min_length=1,
        description="what training starts from: shipped (the package's weights), pretrained (the released ones), a "
        "weights file of the same network, or an earlier stage of the cascade, whose trunk is taken",
    )

    @property
    def spec(self) -> StageSpec:
        """The stage alone, without its training."""
        return StageSpec.model_validate(self.model_dump(exclude={"training", "init"}))


class CascadeConfig(Section):
    """A named table of stages."""

    name: str = Field("compact", pattern=r"^[a-z0-9_]+$", description="name that systems refer to")
    stages: tuple[StageConfig, ...] = Field(min_length=1, description="stages in the order in which they run")


class SystemConfig(Section):
    """A camera and the cascade that is trained on its pictures."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="name in files and tables: a-z, 0-9 and _")
    camera: str = Field(description="name of a camera")
    cascade: str = Field("compact", description="name of a cascade")
    seeds: int = Field(
        1, ge=1, le=100, description="trainings with different seeds, 1 to 100; the table shows mean and spread"
    )

    @property
    def repeats(self) -> tuple[str, ...]:
        """Names of its trainings in files: its own name, then ``{name}_seed2``, ``{name}_seed3``, ..."""
        return (self.name, *(f"{self.name}_seed{number}" for number in range(2, self.seeds + 1)))
