"""Proposals for trials, by Optuna's ask and tell, rebuilt from files each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unsmear.sweep.config import Categorical, Distribution, Integer, LogUniform, SweepConfig, Uniform
from unsmear.sweep.trials import Trial, read_trials, run_name, write_hparams
from unsmear.training.config import Hparams


def propose_values(sweep: SweepConfig, round_number: int, trial: int, earlier: Sequence[Trial]) -> dict[str, Any]:
    """Values of one trial; the same arguments give the same values.

    Parameters
    ----------
    round_number, trial : from 1
    earlier : finished trials of the rounds before

    Raises
    ------
    ValueError
        If the grid has fewer points than trials are asked for.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: _to_optuna(entry) for name, entry in sweep.space.items()}
    before = sum(entry.trials for entry in sweep.rounds[: round_number - 1])
    if sweep.sampler == "grid":
        return _grid_point(sweep, before + trial - 1)
    sampler: Any = (
        optuna.samplers.RandomSampler(seed=sweep.seed)
        if sweep.sampler == "random"
        else optuna.samplers.TPESampler(seed=sweep.seed + round_number, constant_liar=True, n_startup_trials=5)
    )
    study = optuna.create_study(sampler=sampler, direction=sweep.direction)
    if sweep.sampler == "tpe":
        for old in earlier:
            known = {
                name: _as_choice(sweep.space[name], value)
                for name, value in old.values.items()
                if name in distributions
                and distributions[name]._contains(_internal(distributions[name], sweep, name, value))
            }
            if set(known) == set(distributions):
                study.add_trial(
                    optuna.trial.create_trial(params=known, distributions=distributions, value=old.objective)
                )
    skipped = before if sweep.sampler == "random" else 0
    asked = [study.ask(distributions) for _ in range(skipped + trial)]
    return {name: _from_choice(sweep.space[name], value) for name, value in asked[-1].params.items()}


def propose_trial(
    sweep: SweepConfig,
    defaults: Hparams,
    round_number: int,
    trial: int,
    earlier: Sequence[str | Path],
    output: str | Path,
) -> None:
    """Write the ``hparams.yaml`` of one trial.

    Parameters
    ----------
    defaults : hyper-parameters of the stage; the proposal and the budget replace some
    earlier : folders of the finished trials of the rounds before
    """
    trials = read_trials(earlier, sweep.metric)
    values = propose_values(sweep, round_number, trial, trials)
    budget = sweep.rounds[round_number - 1].budget
    hparams = Hparams.model_validate({**defaults.model_dump(), **values, "steps": budget})
    proposal = {"round": round_number, "trial": trial, "budget": budget, "values": values}
    write_hparams(output, hparams.model_dump(mode="json"), proposal=proposal)


__all__ = ["propose_trial", "propose_values", "run_name"]


def _to_optuna(entry: Distribution) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(entry, LogUniform):
        return FloatDistribution(*entry.loguniform, log=True)
    if isinstance(entry, Uniform):
        return FloatDistribution(*entry.uniform)
    if isinstance(entry, Integer):
        return IntDistribution(*entry.int)
    # Optuna's choices are indices here, since a choice may be a list.
    return CategoricalDistribution([str(index) for index in range(len(entry.choice))])


def _from_choice(entry: Distribution, value: Any) -> Any:
    if isinstance(entry, Categorical):
        chosen = entry.choice[int(value)]
        return list(chosen) if isinstance(chosen, tuple) else chosen
    return value


def _as_choice(entry: Distribution, value: Any) -> Any:
    if isinstance(entry, Categorical):
        options = [list(option) if isinstance(option, tuple) else option for option in entry.choice]
        return str(options.index(value)) if value in options else None
    return value


def _internal(distribution: Any, sweep: SweepConfig, name: str, value: Any) -> Any:
    chosen = _as_choice(sweep.space[name], value)
    if chosen is None:
        return -1
    return distribution.to_internal_repr(chosen)


def _grid_point(sweep: SweepConfig, index: int) -> dict[str, Any]:
    names = list(sweep.space)
    sizes = [len(entry.choice) for entry in sweep.space.values() if isinstance(entry, Categorical)]
    total = 1
    for size in sizes:
        total *= size
    if index >= total:
        raise ValueError(f"the grid has {total} points, but trial {index + 1} is asked for; lower rounds.trials")
    values = {}
    for name, size in zip(reversed(names), reversed(sizes), strict=True):
        index, position = divmod(index, size)
        values[name] = _from_choice(sweep.space[name], position)
    return {name: values[name] for name in names}
