"""The run that a sweep's trials belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from unsmear.sweep.config import SweepConfig

if TYPE_CHECKING:
    from unsmear.sweep.trials import Trial
    from unsmear.tracking import Tracker


def start_sweep(sweep: SweepConfig, folder: str | Path, output: str | Path, tracking: Mapping[str, Any]) -> None:
    """Open the run that the trials belong to, and write down what is searched.

    Parameters
    ----------
    folder : of the trials, where the run is recorded
    tracking : keyword arguments of :func:`unsmear.tracking.open_tracker` but the run's own
    """
    from unsmear.files import write_text

    searched = sweep.model_dump(mode="json", exclude={"rounds", "reuse"})
    tracker = _open(
        sweep,
        folder,
        tracking,
        params={"space": searched["space"], "sampler": sweep.sampler, "seed": sweep.seed},
        tags={"metric": sweep.metric, "direction": sweep.goal},
    )
    tracker.finish("RUNNING")
    write_text(output, yaml.safe_dump(searched, sort_keys=False))


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
    from unsmear.tracking import read_tags, tag_run

    with _open(sweep, folder, tracking, reopen=True) as tracker:
        tracker.set_tags({"winner": winner.name, "best": winner.values})
        tracker.log_metrics({f"best.{sweep.metric}": winner.objective}, step=len(trials))
        tracker.log_artifact(hparams)
    for trial in trials:
        place = Path(folder) / trial.name
        known, wanted = read_tags(place).get("winner"), str(trial == winner).lower()
        if wanted != (known or "false"):
            tag_run(tracking["config"], tracking["root"], place, {"winner": wanted})


def _open(sweep: SweepConfig, folder: str | Path, tracking: Mapping[str, Any], **options: Any) -> Tracker:
    from unsmear.tracking import open_tracker

    name = f"{sweep.system}/{sweep.stage}"
    # More trials do not make another sweep.
    return open_tracker(**tracking, directory=folder, run_name=f"{name}/sweep", resume_key=name, **options)
