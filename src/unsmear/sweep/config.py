"""The ``sweep`` section: which stages are searched, over what and how. Read without torch or optuna."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from unsmear.section import Section
from unsmear.sweep.space import Categorical, Distribution, check_space
from unsmear.training.config import Hparams

Direction = Literal["maximize", "minimize"]


def trial_name(round_number: int, trial: int) -> str:
    """Name of a trial's folder; both are counted from 1."""
    return f"r{round_number}-t{trial}"


def _place_of(run: str) -> tuple[int, int]:
    """Round and number of ``trials/r{round}-t{trial}``."""
    number, trial = map(int, run.removeprefix("trials/r").split("-t"))
    return number, trial


class Round(Section):
    """Trials of one size; those of a later round are proposed knowing the earlier ones."""

    trials: int = Field(ge=1, le=1000, description="number of trials, those that resume from the round before included")
    budget: int = Field(ge=1, description="training steps of each trial, counted from its first round")
    promote: int = Field(
        0, ge=0, description="how many of its best trials the next round goes on with, from their saved states"
    )


class SweepConfig(Section):
    """Search for the hyper-parameters of one stage of one system."""

    system: str = Field(description="system whose stage is searched")
    stage: str = Field(description="stage that is searched")
    sampler: Literal["grid", "random", "tpe"] = Field("tpe", description="how values are proposed")
    seed: int = Field(0, ge=0, description="of the sampler")
    space: dict[str, Distribution] = Field(min_length=1, description="hyper-parameter to its distribution")
    rounds: tuple[Round, ...] = Field(min_length=1, description="rounds of trials, in order")
    metric: str = Field(
        "psnr", pattern=r"^\w+$", description="column of metrics.csv; its last row of the validation split counts"
    )
    direction: Direction | None = Field(
        None, description="which values are better; null maximizes psnr and has to be given for other columns"
    )
    reuse: bool = Field(
        False,
        description="the final training takes over the winner's weights where its hyper-parameters, "
        "the steps included, are the same",
    )

    _check_space = field_validator("space")(check_space)

    @property
    def goal(self) -> Direction:
        """Which values of the metric are better."""
        return self.direction or "maximize"

    @property
    def promoted(self) -> tuple[int, ...]:
        """For each round, how many of its trials resume from the round before."""
        return (0, *(entry.promote for entry in self.rounds[:-1]))

    def starting_rounds(self, run: str, final_steps: int) -> tuple[int, ...]:
        """Rounds of which one trial's saved state may be where a run resumes from.

        Parameters
        ----------
        run : ``final`` or ``trials/r{round}-t{trial}``
        final_steps : steps of the final training
        """
        if run == "final":
            fitting = [number for number, entry in enumerate(self.rounds, 1) if entry.budget == final_steps]
            return tuple(fitting) if self.reuse else ()
        number, trial = _place_of(run)
        return (number - 1,) if trial <= self.promoted[number - 1] else ()

    def saved_rounds(self, final_steps: int) -> tuple[int, ...]:
        """Rounds whose trials save their states, for a later round or for the final training."""
        promoting = [number for number, entry in enumerate(self.rounds, 1) if entry.promote]
        return tuple(sorted({*promoting, *self.starting_rounds("final", final_steps)}))

    def most_demanding(self, defaults: Hparams, run: str) -> Hparams:
        """What a run (see :meth:`starting_rounds`) may ask of a machine at most, whichever values it gets."""
        largest: dict[str, Any] = {}
        for name in ("batch_size", "crop"):
            values = self.space[name].examples if name in self.space else ()
            # `auto` counts as larger than any number.
            largest |= {name: max(values, key=lambda value: (isinstance(value, str), value))} if values else {}
        if run != "final":
            largest["steps"] = self.rounds[_place_of(run)[0] - 1].budget
        return defaults.model_copy(update=largest)

    def known_to(self, round_number: int, trial: int) -> SweepConfig:
        """The part of this sweep that decides what one trial (both from 1) is: later ones do not."""
        earlier, this = self.rounds[: round_number - 1], self.rounds[round_number - 1]
        so_far = max(trial, self.promoted[round_number - 1])
        rounds = (*earlier, Round(trials=so_far, budget=this.budget))
        return self.model_copy(update={"rounds": rounds, "reuse": False})

    def basis_of(self, round_number: int, trial: int) -> dict[str, Any]:
        """The settings whose change has a trial proposed anew.

        Another space has not: trials that were drawn from the former one stay, and are read as they are. Of a
        grid it moves the points, though. The metric matters once there are earlier trials to compare.
        """
        left_out = set() if self.sampler == "grid" else {"space"}
        left_out |= {"metric", "direction"} if round_number == 1 else set()
        return self.known_to(round_number, trial).model_dump(mode="json", exclude=left_out)

    @model_validator(mode="after")
    def _direction_is_known(self) -> SweepConfig:
        if self.direction is None and self.metric != "psnr":
            raise ValueError(f"direction: say whether to minimize or to maximize {self.metric}")
        return self

    @model_validator(mode="after")
    def _rounds_fit(self) -> SweepConfig:
        for number, (this, following) in enumerate(pairwise(self.rounds), start=1):
            if this.promote > min(this.trials, following.trials):
                raise ValueError(
                    f"rounds: round {number} promotes {this.promote} of its {this.trials} trials to round "
                    f"{number + 1}, which has {following.trials}; lower promote, or raise trials, among which "
                    "promoted ones count"
                )
            if this.promote and following.budget <= this.budget:
                raise ValueError(
                    f"rounds: round {number} promotes to a budget of {following.budget} steps, which is not above its "
                    f"own {this.budget}; raise the budget of round {number + 1}"
                )
        if self.rounds[-1].promote:
            raise ValueError(
                "rounds: promote belongs to the round whose best trials go on, and after the last none follows; "
                "move it to the round before"
            )
        return self

    @model_validator(mode="after")
    def _grid_has_enough_points(self) -> SweepConfig:
        if self.sampler != "grid":
            return self
        sizes = []
        for name, distribution in self.space.items():
            if not isinstance(distribution, Categorical):
                raise ValueError(f"space: the grid sampler needs {name} as a choice of values")
            sizes.append(len(distribution.choice))
        wanted = sum(entry.trials for entry in self.rounds) - sum(self.promoted)
        if wanted > math.prod(sizes):
            raise ValueError(f"rounds: the grid has {math.prod(sizes)} points, but {wanted} trials are asked for")
        return self


class InheritConfig(Section):
    """Take a stage's chosen hyper-parameters from another system, for a comparison on equal terms."""

    system: str = Field(description="system that takes")
    stage: str = Field(description="stage, the same in both")
    inherit: str = Field(description="system that is searched")


def _find_entry(value: Any) -> str:
    inherits = "inherit" in value if isinstance(value, dict) else isinstance(value, InheritConfig)
    return "inherit" if inherits else "search"


SweepEntry = Annotated[
    Annotated[SweepConfig, Tag("search")] | Annotated[InheritConfig, Tag("inherit")], Discriminator(_find_entry)
]
