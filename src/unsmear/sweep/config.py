"""The ``sweep`` section: which stages are searched, over what and how. Read without torch or optuna."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from unsmear.training.config import Hparams

Whole = int  # the field below is called int
Choice = int | float | str | bool | tuple[float, ...]


class _Distribution(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogUniform(_Distribution):
    """Real numbers whose logarithm is uniform."""

    loguniform: tuple[float, float] = Field(description="lowest and highest value, above 0")

    @model_validator(mode="after")
    def _bounds(self) -> LogUniform:
        if not 0 < self.loguniform[0] < self.loguniform[1]:
            raise ValueError(f"loguniform needs 0 < low < high, found {list(self.loguniform)}")
        return self


class Uniform(_Distribution):
    """Real numbers."""

    uniform: tuple[float, float] = Field(description="lowest and highest value")

    @model_validator(mode="after")
    def _bounds(self) -> Uniform:
        if not self.uniform[0] < self.uniform[1]:
            raise ValueError(f"uniform needs low < high, found {list(self.uniform)}")
        return self


class Integer(_Distribution):
    """Whole numbers."""

    int: tuple[Whole, Whole] = Field(description="lowest and highest value")

    @model_validator(mode="after")
    def _bounds(self) -> Integer:
        if not self.int[0] < self.int[1]:
            raise ValueError(f"int needs low < high, found {list(self.int)}")
        return self


class Categorical(_Distribution):
    """One of some values."""

    choice: tuple[Choice, ...] = Field(min_length=1, description="values to choose from")


def _find_distribution(value: Any) -> str | None:
    key = next(iter(value), None) if isinstance(value, dict) else next(iter(type(value).model_fields), None)
    return key if key in ("loguniform", "uniform", "int", "choice") else None


Distribution = Annotated[
    Annotated[LogUniform, Tag("loguniform")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Integer, Tag("int")]
    | Annotated[Categorical, Tag("choice")],
    Discriminator(
        _find_distribution,
        custom_error_type="distribution",
        custom_error_message="a distribution is one of {loguniform: [low, high]}, {uniform: [low, high]}, "
        "{int: [low, high]}, {choice: [...]}",
    ),
]


class Round(BaseModel):
    """Trials of one size; those of a later round are proposed knowing the earlier ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: int = Field(ge=1, le=1000, description="number of trials")
    budget: int = Field(ge=1, description="training steps of each trial")


class SweepConfig(BaseModel):
    """Search for the hyper-parameters of one stage of one system."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(description="system whose stage is searched")
    stage: str = Field(description="stage that is searched")
    sampler: Literal["grid", "random", "tpe"] = Field("tpe", description="how values are proposed")
    seed: int = Field(0, ge=0, description="of the sampler")
    space: dict[str, Distribution] = Field(min_length=1, description="hyper-parameter to its distribution")
    rounds: tuple[Round, ...] = Field(min_length=1, description="rounds of trials, in order")
    metric: Literal["psnr", "loss"] = Field("psnr", description="column of metrics.csv, validation split, last row")
    direction: Literal["maximize", "minimize"] = Field("maximize", description="which values are better")

    @model_validator(mode="after")
    def _space_is_known(self) -> SweepConfig:
        for name, distribution in self.space.items():
            if name not in Hparams.model_fields or name == "steps":
                known = ", ".join(field for field in Hparams.model_fields if field != "steps")
                raise ValueError(f"space: {name} is no hyper-parameter to search; choose among {known}")
            for value in _examples(distribution):
                Hparams.model_validate({name: value})
            if self.sampler == "grid" and not isinstance(distribution, Categorical):
                raise ValueError(f"space: the grid sampler needs {name} as a choice of values")
        points = math.prod(len(entry.choice) for entry in self.space.values() if isinstance(entry, Categorical))
        wanted = sum(entry.trials for entry in self.rounds)
        if self.sampler == "grid" and wanted > points:
            raise ValueError(f"rounds: the grid has {points} points, but {wanted} trials are asked for")
        return self


class InheritConfig(BaseModel):
    """Take a stage's chosen hyper-parameters from another system, for a comparison on equal terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(description="system that takes")
    stage: str = Field(description="stage, the same in both")
    inherit: str = Field(description="system that is searched")


def _find_entry(value: Any) -> str:
    inherits = "inherit" in value if isinstance(value, dict) else isinstance(value, InheritConfig)
    return "inherit" if inherits else "search"


SweepEntry = Annotated[
    Annotated[SweepConfig, Tag("search")] | Annotated[InheritConfig, Tag("inherit")], Discriminator(_find_entry)
]


def _examples(distribution: Distribution) -> tuple[Choice, ...]:
    if isinstance(distribution, Categorical):
        return distribution.choice
    return tuple(next(iter(distribution.model_dump().values())))
