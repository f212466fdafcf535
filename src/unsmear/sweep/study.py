"""An Optuna study that is rebuilt from trials each time it is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.space import Categorical, Distribution, Integer, LogUniform, contains
from unsmear.sweep.trials import Trial


def build_study(sweep: SweepConfig, trials: Sequence[Trial], sampler: Any = None) -> Any:
    """A study that has been told the trials of one budget, see :func:`comparable_trials`.

    Failed trials are told as such; those outside the present space are left out.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler, direction=sweep.goal)
    spread = distributions(sweep)
    for trial in comparable_trials(trials, len(sweep.space)):
        if contains(sweep.space, trial.values):
            ended = optuna.trial.TrialState
            state = ended.COMPLETE if trial.usable else ended.FAIL
            value = trial.objective if trial.usable else None
            known = {name: to_choice(entry, trial.values[name]) for name, entry in sweep.space.items()}
            study.add_trial(optuna.trial.create_trial(state=state, params=known, distributions=spread, value=value))
    return study


def comparable_trials(trials: Sequence[Trial], num_hparams: int) -> list[Trial]:
    """Trials of the largest budget that has more usable ones than there are hyper-parameters.

    Objectives after different numbers of steps say more about the steps than about the values. Where
    no budget has as many, the budget with most of them serves. Source: Falkner et al., BOHB, ICML 2018.
    """
    usable = Counter(trial.budget for trial in trials if trial.usable)
    if not usable:
        return []
    enough = [budget for budget, number in usable.items() if number > num_hparams]
    budget = max(enough) if enough else max(usable, key=lambda each: (usable[each], each))
    return [trial for trial in trials if trial.budget == budget]


def measure_importance(sweep: SweepConfig, trials: Sequence[Trial]) -> dict[str, float]:
    """Share of each hyper-parameter in how good a trial is, as Optuna gives it; empty where trials are too few.

    Needs four usable trials of one budget, with more than one objective among them.
    """
    import optuna

    study = build_study(sweep, trials)
    values = [trial.value for trial in study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))]
    if len(values) < 4 or len(set(values)) < 2:
        return {}
    importance: Mapping[str, float] = optuna.importance.get_param_importances(study)
    return {name: float(share) for name, share in importance.items()}


def distributions(sweep: SweepConfig) -> dict[str, Any]:
    """The space as Optuna's distributions."""
    return {name: _distribution(entry) for name, entry in sweep.space.items()}


def _distribution(entry: Distribution) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(entry, Categorical):
        # Optuna's choices are indices here, since a choice may be a list.
        return CategoricalDistribution([str(index) for index in range(len(entry.choice))])
    if isinstance(entry, Integer):
        return IntDistribution(*entry.int)
    if isinstance(entry, LogUniform):
        return FloatDistribution(*entry.loguniform, log=True)
    return FloatDistribution(*entry.uniform)


def to_choice(entry: Distribution, value: Any) -> Any:
    """What Optuna calls a value of the space."""
    if isinstance(entry, Categorical):
        return str(entry.choice.index(tuple(value) if isinstance(value, list) else value))
    return value


def from_choice(entry: Distribution, value: Any) -> Any:
    """The value that Optuna's ``value`` stands for, as in ``hparams.yaml``."""
    if isinstance(entry, Categorical):
        chosen = entry.choice[int(value)]
        return list(chosen) if isinstance(chosen, tuple) else chosen
    return value
