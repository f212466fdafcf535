"""The run that a sweep's trials belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from unsmear.sweep.config import SweepConfig

if TYPE_CHECKING:
    from unsmear.sweep.trials import Trial
    from unsmear.tracking.run import Run


def start_sweep(sweep: SweepConfig, folder: str | Path, output: str | Path, tracking: Mapping[str, Any]) -> None:
    """Open the run that the trials belong to, and leave a file that says so.

    Parameters
    ----------
    folder : of the trials, where the run is recorded
    tracking : keyword arguments of :func:`unsmear.tracking.run.open_run` but the run's own
    """
    from unsmear.files import write_text

    _open(sweep, folder, tracking).finish("RUNNING")
    # What is searched may change later, so that it stands in the run alone.
    write_text(output, yaml.safe_dump({"system": sweep.system, "stage": sweep.stage}, sort_keys=False))


def record_choice(
    sweep: SweepConfig,
    folder: str | Path,
    trials: Sequence[Trial],
    winner: Trial,
    hparams: str | Path,
    tracking: Mapping[str, Any],
) -> None:
    """Say in the sweep's run and in its trials' runs which one was chosen.

    More trials may follow: then the run goes on, and what is said here is said anew.
    """
    from unsmear.tracking.run import tag_run

    with _open(sweep, folder, tracking) as tracker:
        tracker.set_tags({"winner": winner.name, "best": winner.values})
        tracker.log_metrics({f"best.{sweep.metric}": winner.objective}, step=len(trials))
        tracker.log_artifact(hparams)
    for trial in trials if tracker.is_recorded else ():
        tag_run(Path(folder) / trial.name, {"winner": str(trial == winner).lower()})


def _open(sweep: SweepConfig, folder: str | Path, tracking: Mapping[str, Any]) -> Run:
    from unsmear.tracking.run import open_run

    name = f"{sweep.system}/{sweep.stage}"
    params = sweep.model_dump(mode="json", include={"space", "sampler", "seed"})
    # More trials or another space do not make another sweep.
    run = open_run(folder, f"{name}/sweep", key=name, params=params, reopen=True, **tracking)
    run.set_tags({"metric": sweep.metric, "direction": sweep.goal})
    return run
