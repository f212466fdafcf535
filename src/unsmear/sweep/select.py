"""From a sweep's trials to the hyper-parameters of the final training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.record import record_choice
from unsmear.sweep.trials import Trial, best_trial, read_trials
from unsmear.training.config import Hparams
from unsmear.training.hparams_file import read_hparams, read_record, write_hparams


def choose_hparams(
    *,
    sweep: Mapping[str, Any] | None,
    defaults: Hparams,
    folders: Sequence[str | Path],
    inherited: str | Path | None,
    output: str | Path,
    folder: str | Path,
    tracking: Mapping[str, Any],
    dependents: Sequence[str] = (),
) -> None:
    """Write the ``hparams.yaml`` of a final training, however they are decided.

    Parameters
    ----------
    sweep : the entry of the ``sweep`` section, or None where the stage has none: the defaults hold
    inherited : the other system's ``hparams.yaml`` where the entry inherits
    defaults, folders, output, folder, tracking, dependents : as in :func:`select_trial`
    """
    if sweep is None:
        write_hparams(output, defaults.model_dump(mode="json"))
    elif inherited is not None:
        inherit_hparams(inherited, defaults, output, sweep["inherit"])
    else:
        select_trial(SweepConfig.model_validate(sweep), defaults, folders, output, folder, tracking, dependents)


def select_trial(
    sweep: SweepConfig,
    defaults: Hparams,
    folders: Sequence[str | Path],
    output: str | Path,
    folder: str | Path,
    tracking: Mapping[str, Any],
    dependents: Sequence[str] = (),
) -> None:
    """Write the ``hparams.yaml`` of the final training: the best trial's values, with the evidence.

    Where the sweep's ``reuse`` is set and nothing speaks against it, ``start`` names the winner, whose
    state the final training takes over; otherwise ``reuse`` says what does.

    Parameters
    ----------
    defaults : hyper-parameters of the stage; the winner's values replace some, the steps stay
    folders : of all trials
    folder : of the sweep, where its run is recorded
    tracking : keyword arguments of :func:`unsmear.tracking.run.open_run` but the run's own
    dependents : systems that are trained from the start with the same values

    Raises
    ------
    ValueError
        With a table of reasons, if no trial can be used.
    """
    trials = read_trials(folders, sweep)
    winner = best_trial(trials, sweep.goal)
    chosen = Hparams.model_validate({**defaults.model_dump(), **winner.values})
    replaced = defaults.model_dump(mode="json", include=set(winner.values))
    write_hparams(
        output,
        chosen.model_dump(mode="json"),
        **(_reuse(winner, folder, chosen, dependents) if sweep.reuse else {}),
        selected={"round": winner.round, "trial": winner.trial, "values": winner.values},
        replaced=replaced,
        metric=sweep.metric,
        direction=sweep.goal,
        trials=[describe_trial(trial) for trial in trials],
    )
    record_choice(sweep, folder, trials, winner, output, tracking)


def _reuse(winner: Trial, folder: str | Path, chosen: Hparams, dependents: Sequence[str]) -> dict[str, str]:
    """Where the final training starts, or why it does not start from the winner."""
    tried = read_hparams(Path(folder) / winner.name / "hparams.yaml")
    different = [name for name in Hparams.model_fields if getattr(tried, name) != getattr(chosen, name)]
    if different:
        return {"reuse": f"no: {winner.name} and the final training differ in {', '.join(different)}"}
    if winner.promoted and dependents:
        return {
            "reuse": f"no: {winner.name} was promoted, but {', '.join(dependents)} trains its values from the start"
        }
    return {"start": f"trials/{winner.name}"}


def describe_trial(trial: Trial) -> dict[str, Any]:
    """One line of evidence."""
    record: dict[str, Any] = {"round": trial.round, "trial": trial.trial, "budget": trial.budget}
    record |= {"promoted": trial.promoted} if trial.promoted else {}
    record |= {"status": trial.status} | ({"reason": trial.reason} if trial.reason else {})
    return {**record, "objective": trial.objective, "values": trial.values}


def inherit_hparams(source: str | Path, defaults: Hparams, output: str | Path, system: str) -> None:
    """Write the ``hparams.yaml`` of a stage that takes what was chosen for another system."""
    record = read_record(source)
    # The source may have taken over its values itself.
    values = (record.get("selected") or record["inherited"])["values"]
    chosen = Hparams.model_validate({**defaults.model_dump(), **values})
    write_hparams(output, chosen.model_dump(mode="json"), inherited={"system": system, "values": values})
