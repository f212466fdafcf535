"""Distributions of the search space, as configured. Read without torch or optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from unsmear.section import Section
from unsmear.training.config import Hparams

Whole = int  # the field below is called int
Choice = int | float | str | bool | tuple[float, ...]


class LogUniform(Section):
    """Real numbers whose logarithm is uniform."""

    loguniform: tuple[float, float] = Field(description="lowest and highest value, above 0")

    @model_validator(mode="after")
    def _bounds(self) -> LogUniform:
        if not 0 < self.loguniform[0] < self.loguniform[1]:
            raise ValueError(f"loguniform needs 0 < low < high, found {list(self.loguniform)}")
        return self

    @property
    def examples(self) -> tuple[float, ...]:
        """Both ends and a value between them that no whole-number hyper-parameter can have."""
        low, high = self.loguniform
        return low, low * (high / low) ** (1 / math.pi), high


class Uniform(Section):
    """Real numbers."""

    uniform: tuple[float, float] = Field(description="lowest and highest value")

    @model_validator(mode="after")
    def _bounds(self) -> Uniform:
        if not self.uniform[0] < self.uniform[1]:
            raise ValueError(f"uniform needs low < high, found {list(self.uniform)}")
        return self

    @property
    def examples(self) -> tuple[float, ...]:
        """Both ends and a value between them that no whole-number hyper-parameter can have."""
        low, high = self.uniform
        return low, low + (high - low) / math.pi, high


class Integer(Section):
    """Whole numbers."""

    int: tuple[Whole, Whole] = Field(description="lowest and highest value")

    @model_validator(mode="after")
    def _bounds(self) -> Integer:
        if not self.int[0] < self.int[1]:
            raise ValueError(f"int needs low < high, found {list(self.int)}")
        return self

    @property
    def examples(self) -> tuple[Whole, ...]:
        """Both ends."""
        return self.int


class Categorical(Section):
    """One of some values."""

    choice: tuple[Choice, ...] = Field(min_length=1, description="values to choose from")

    @property
    def examples(self) -> tuple[Choice, ...]:
        """All values."""
        return self.choice


def _find_distribution(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    key = next(iter(keys), None)
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


def check_space(space: dict[str, Distribution]) -> dict[str, Distribution]:
    """The space with each choice as the hyper-parameter takes it, such as 0.001 for the text ``1e-3``.

    Raises
    ------
    ValueError
        If a name is no hyper-parameter that may be searched, or a value is none that it may have.
    """
    known = [name for name in Hparams.model_fields if name != "steps"]
    checked = {}
    for name, entry in space.items():
        if name == "steps":
            raise ValueError(
                "space: steps are no hyper-parameter to search; each round's budget says how many there are"
            )
        if name not in known:
            raise ValueError(f"space: {name} is no hyper-parameter to search; choose among {', '.join(known)}")
        values = tuple(_as_hparam(name, value) for value in entry.examples)
        if isinstance(entry, Categorical):
            if any(value in values[:index] for index, value in enumerate(values)):
                raise ValueError(f"space: {name} has a choice twice, found {list(entry.choice)}; keep one of them")
            entry = Categorical(choice=values)
        elif not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            raise ValueError(f"space: {name} takes no numbers between two ends; give it as {{choice: [...]}}")
        checked[name] = entry
    return checked


def _as_hparam(name: str, value: Choice) -> Any:
    try:
        return getattr(Hparams.model_validate({name: value}), name)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ValueError(f"space: {name} cannot be {value!r}: {reason}") from None


def show_value(value: Any) -> str:
    """A hyper-parameter's value as text; a list's parts are joined, nothing is an empty text."""
    if isinstance(value, list | tuple):
        return ", ".join(show_value(part) for part in value)
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def describe_distribution(entry: Distribution) -> str:
    """A distribution as text, such as ``loguniform 1e-05 to 0.001``."""
    ((kind, values),) = entry.model_dump().items()
    return f"{kind} {(' | ' if kind == 'choice' else ' to ').join(map(show_value, values))}"


def contains(space: dict[str, Distribution], values: Mapping[str, Any]) -> bool:
    """Whether ``values``, as in an ``hparams.yaml``, has every name of the space with a value that it allows."""
    return all(name in values and _allows(entry, values[name]) for name, entry in space.items())


def _allows(entry: Distribution, value: Any) -> bool:
    if isinstance(entry, Categorical):
        return (tuple(value) if isinstance(value, list) else value) in entry.choice
    low, *_, high = entry.examples
    return isinstance(value, int | float) and low <= value <= high
