"""From a sweep's trials to the hyper-parameters of the final training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unsmear.sweep.config import SweepConfig
from unsmear.sweep.trials import best_trial, read_trials, write_hparams
from unsmear.training.config import Hparams


def select_trial(
    sweep: SweepConfig,
    defaults: Hparams,
    folders: Sequence[str | Path],
    output: str | Path,
    folder: str | Path,
    tracking: Mapping[str, Any],
) -> None:
    """Write the ``hparams.yaml`` of the final training: the best trial's values, with the evidence.

    Parameters
    ----------
    defaults : hyper-parameters of the stage; the winner's values replace some, the steps stay
    folders : of all trials
    folder : of the sweep, where its run is recorded
    tracking : keyword arguments of :func:`unsmear.tracking.open_tracker` but the run's own
    """
    from unsmear.tracking import open_tracker

    trials = read_trials(folders, sweep.metric)
    winner = best_trial(trials, sweep.direction)
    chosen = Hparams.model_validate({**defaults.model_dump(), **winner.values})
    evidence = [
        {"round": t.round, "trial": t.trial, "budget": t.budget, sweep.metric: t.objective, **t.values} for t in trials
    ]
    replaced = {name: getattr(defaults, name) for name in winner.values}
    write_hparams(
        output,
        chosen.model_dump(mode="json"),
        selected={"round": winner.round, "trial": winner.trial, "values": winner.values},
        replaced=_plain(replaced),
        trials=evidence,
    )
    with open_tracker(
        **tracking, directory=folder, run_name=f"{sweep.system}/{sweep.stage}/sweep", resume_key=sweep_key(sweep)
    ) as tracker:
        tracker.set_tags({"winner": f"r{winner.round}-t{winner.trial}"})
        tracker.log_params({f"best.{name}": value for name, value in winner.values.items()})
        tracker.log_metrics({f"best.{sweep.metric}": winner.objective}, step=0)
        tracker.log_artifact(output)


def start_sweep(sweep: SweepConfig, folder: str | Path, output: str | Path, tracking: Mapping[str, Any]) -> None:
    """Open the run that the trials belong to, and write down what is searched."""
    from unsmear.files import write_text
    from unsmear.tracking import open_tracker

    tracker = open_tracker(
        **tracking,
        directory=folder,
        run_name=f"{sweep.system}/{sweep.stage}/sweep",
        params={"space": sweep.model_dump(mode="json")["space"], "sampler": sweep.sampler, "seed": sweep.seed},
        tags={"metric": sweep.metric, "direction": sweep.direction},
        resume_key=sweep_key(sweep),
    )
    tracker.finish("RUNNING")
    write_text(output, yaml.safe_dump(sweep.model_dump(mode="json", exclude={"rounds"}), sort_keys=False))


def sweep_key(sweep: SweepConfig) -> str:
    """What identifies a sweep; more trials do not make another one."""
    return f"{sweep.system}/{sweep.stage}"


def choose_hparams(
    *,
    sweep: Mapping[str, Any] | None,
    defaults: Hparams,
    folders: Sequence[str | Path],
    inherited: str | Path | None,
    output: str | Path,
    folder: str | Path,
    tracking: Mapping[str, Any],
) -> None:
    """Write the ``hparams.yaml`` of a final training, however they are decided.

    Parameters
    ----------
    sweep : the entry of the ``sweep`` section, or None where the stage has none: the defaults hold
    inherited : the other system's ``hparams.yaml`` where the entry inherits
    defaults, folders, output, folder, tracking : as in :func:`select_trial`
    """
    if sweep is None:
        write_hparams(output, defaults.model_dump(mode="json"))
    elif inherited is not None:
        inherit_hparams(inherited, defaults, output, sweep["inherit"])
    else:
        select_trial(SweepConfig.model_validate(sweep), defaults, folders, output, folder, tracking)


def inherit_hparams(source: str | Path, defaults: Hparams, output: str | Path, system: str) -> None:
    """Write the ``hparams.yaml`` of a stage that takes what was chosen for another system."""
    record = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    # The source may have taken over its values itself.
    values = (record.get("selected") or record["inherited"])["values"]
    chosen = Hparams.model_validate({**defaults.model_dump(), **values})
    write_hparams(output, chosen.model_dump(mode="json"), inherited={"system": system, "values": values})


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
