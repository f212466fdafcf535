"""Proposals for trials, by Optuna's ask and tell, rebuilt from files each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.space import Categorical
from unsmear.sweep.study import build_study, distributions, from_choice
from unsmear.sweep.trials import Trial, rank_trials, read_trials, require_usable
from unsmear.training.config import Hparams
from unsmear.training.hparams_file import read_record, write_hparams


def propose_values(sweep: SweepConfig, round_number: int, trial: int, earlier: Sequence[Trial]) -> dict[str, Any]:
    """Values of one new trial; the same arguments give the same values.

    Parameters
    ----------
    round_number, trial : from 1
    earlier : trials of the rounds before
    """
    import optuna

    if sweep.sampler == "grid":
        return _grid_point(sweep, round_number, trial)
    if sweep.sampler == "random":
        # One stream for the whole sweep: a trial's place in it does not depend on how others ended.
        study = build_study(sweep, [], optuna.samplers.RandomSampler(seed=sweep.seed))
        place = sum(entry.trials for entry in sweep.rounds[: round_number - 1]) + trial
    else:
        # Trials of a round know nothing of each other but where they are, which the sampler's constant liar avoids.
        sampler = optuna.samplers.TPESampler(seed=_mix(sweep.seed, round_number), n_startup_trials=2)
        study, place = build_study(sweep, earlier, sampler), trial
    spread = distributions(sweep)
    asked = [study.ask(spread) for _ in range(place)]
    return {name: from_choice(sweep.space[name], value) for name, value in asked[-1].params.items()}


def propose_trial(
    sweep: SweepConfig,
    defaults: Hparams,
    round_number: int,
    trial: int,
    earlier: Sequence[str | Path],
    output: str | Path,
) -> None:
    """Write the ``hparams.yaml`` of one trial: new values, or those of a trial that is promoted.

    The first trials of a round are those that the round before promotes, best first. They keep their
    hyper-parameters but the steps, and ``start`` names the run whose saved state they resume from. Where fewer
    trials ended well than are promoted, new ones take their places.

    Parameters
    ----------
    defaults : hyper-parameters of the stage; the proposal and the budget replace some
    earlier : folders of the trials of the rounds before

    Raises
    ------
    ValueError
        With a table of reasons, if none of the earlier trials can be used.
    """
    trials, budget = read_trials(earlier, sweep), sweep.rounds[round_number - 1].budget
    if trials:
        require_usable(trials)
    proposal: dict[str, Any] = {"round": round_number, "trial": trial, "budget": budget}
    ranked = rank_trials((t for t in trials if t.round == round_number - 1), sweep.goal)
    if trial <= min(sweep.promoted[round_number - 1], len(ranked)):
        source = ranked[trial - 1]
        folder = next(Path(folder) for folder in earlier if Path(folder).name == source.name)
        hparams = {**read_record(folder / "hparams.yaml")["hparams"], "steps": budget}
        proposal |= {"values": source.values, "promoted": source.name}
        write_hparams(output, hparams, start=f"trials/{source.name}", proposal=proposal)
        return
    proposal["values"] = propose_values(sweep, round_number, trial, trials)
    hparams = {**defaults.model_dump(mode="json"), **proposal["values"], "steps": budget}
    write_hparams(output, hparams, proposal=proposal)


def _mix(seed: int, round_number: int) -> int:
    """A seed for one round."""
    import numpy as np

    return int(np.random.SeedSequence([seed, round_number]).generate_state(1)[0])


def _grid_point(sweep: SweepConfig, round_number: int, trial: int) -> dict[str, Any]:
    """Points in the order of the space, the last name fastest; promoted trials take none."""
    sizes = {name: len(entry.choice) for name, entry in sweep.space.items() if isinstance(entry, Categorical)}
    place = trial - sweep.promoted[round_number - 1] - 1
    # A stand-in for a trial that could not be promoted takes a point from the end, where most likely none was tried.
    before = sum(entry.trials for entry in sweep.rounds[: round_number - 1]) - sum(sweep.promoted[: round_number - 1])
    index = place if place < 0 else before + place
    values = {}
    for name, size in reversed(sizes.items()):
        index, position = divmod(index, size)
        values[name] = from_choice(sweep.space[name], str(position))
    return {name: values[name] for name in sizes}
