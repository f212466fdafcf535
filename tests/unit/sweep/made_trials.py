"""Sweeps and trials' files without any training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from unsmear.sweep.config import SweepConfig, trial_name
from unsmear.sweep.propose import propose_trial
from unsmear.training.config import Hparams
from unsmear.training.hparams_file import read_record
from unsmear.training.metrics import MetricsTable
from unsmear.training.outcome import write_outcome

TRACKING = {"enabled": False}


def make_sweep(**changes: Any) -> SweepConfig:
    values = {
        "system": "standard",
        "stage": "center",
        "sampler": "tpe",
        "space": {"learning_rate": {"loguniform": [1e-5, 1e-1]}, "loss": {"choice": ["mse", "l1"]}},
        "rounds": [{"trials": 6, "budget": 10}, {"trials": 4, "budget": 20}],
    }
    return SweepConfig.model_validate({**values, **changes})


def end_trial(folder: Path, *objectives: float, reason: str | None = None, **columns: float) -> None:
    """Write the outputs of a trial that measured these values of PSNR, one a step."""
    table = MetricsTable()
    for step, value in enumerate(objectives, 1):
        table.add(step=step, split="train", loss=1.0, images_per_second=4.0)
        table.add(step=step, split="val", psnr=value, **columns)
    table.write(folder / "metrics.csv")
    status = "finished" if reason is None else "failed"
    write_outcome(folder / "outcome.json", key="0123", status=status, reason=reason, seconds=10.0)


def propose(sweep: SweepConfig, root: Path, round_number: int, trial: int, defaults: Hparams | None = None) -> Path:
    """Have one trial proposed from the files of the rounds before; returns its folder."""
    earlier = [
        root / trial_name(number, each)
        for number in range(1, round_number)
        for each in range(1, sweep.rounds[number - 1].trials + 1)
    ]
    folder = root / trial_name(round_number, trial)
    propose_trial(
        sweep.known_to(round_number, trial), defaults or Hparams(steps=500), round_number, trial, earlier,
        folder / "hparams.yaml",
    )  # fmt: skip
    return folder


def run_sweep(sweep: SweepConfig, root: Path, measure: Callable[[dict[str, Any]], float]) -> list[Path]:
    """All rounds through files, ``measure`` standing in for the training of a trial's values."""
    folders = []
    for number, entry in enumerate(sweep.rounds, 1):
        for trial in range(1, entry.trials + 1):
            folder = propose(sweep, root, number, trial)
            end_trial(folder, measure(read_record(folder / "hparams.yaml")["proposal"]["values"]))
            folders.append(folder)
    return folders
