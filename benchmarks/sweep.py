"""How good the searches for hyper-parameters are: proposals on test functions, and promotion on built-in scenes.

functions: on Branin and Hartmann-6, behind the same interface as trainings, the median over 20 seeds of the best of
40 trials (10 rounds of 4) must be lower with tpe than with random.
promotion: real trainings by the workflow on built-in scenes. Six trials in a first round of a third of the steps, of
which two go on, must end with a best at most 0.1 dB below that of the same six trials at full length, for at most 60%
of their training steps.
Run: python benchmarks/sweep.py [--only functions | --only promotion]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from unsmear.sweep.config import SweepConfig, trial_name
from unsmear.sweep.propose import propose_values
from unsmear.sweep.trials import Trial, best_trial, read_trials

REPOSITORY = Path(__file__).parents[1]
SEEDS, ROUNDS, TRIALS = 20, 10, 4
LARGEST_LOSS_DB, LARGEST_SHARE = 0.1, 0.6

# Hyper-parameters stand in for the functions' variables: each range is mapped to [0, 1].
RANGES = {
    "noise": (0.0, 0.5),
    "perceptual_weight": (0.0, 1.0),
    "weight_decay": (0.0, 1.0),
    "learning_rate": (0.001, 1.0),
    "ema_decay": (0.0, 0.999),
    "gradient_clip": (0.1, 1.0),
}

HARTMANN_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def branin(unit: np.ndarray) -> float:
    """Branin's function on [0, 1]^2; its minimum is 0.397887."""
    x, y = 15 * unit[0] - 5, 15 * unit[1]
    bowl = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return float(bowl**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


def hartmann(unit: np.ndarray) -> float:
    """Hartmann's function on [0, 1]^6; its minimum is -3.32237."""
    inner = (HARTMANN_A * (unit - HARTMANN_P) ** 2).sum(axis=1)
    return float(-(np.array([1.0, 1.2, 3.0, 3.2]) * np.exp(-inner)).sum())


def search(function: Callable[[np.ndarray], float], size: int, sampler: str, seed: int) -> float:
    """Lowest value that a sweep finds."""
    ranges = dict(list(RANGES.items())[:size])
    sweep = SweepConfig.model_validate(
        {
            "system": "standard",
            "stage": "center",
            "sampler": sampler,
            "seed": seed,
            "space": {name: {"uniform": bounds} for name, bounds in ranges.items()},
            "rounds": [{"trials": TRIALS, "budget": 1}] * ROUNDS,
            "metric": "loss",
            "direction": "minimize",
        }
    )
    known: list[Trial] = []
    for number in range(1, ROUNDS + 1):
        earlier = tuple(known)
        for trial in range(1, TRIALS + 1):
            values = propose_values(sweep.known_to(number, trial), number, trial, earlier)
            unit = np.array([(values[name] - low) / (high - low) for name, (low, high) in ranges.items()])
            known.append(Trial(number, trial, values, 1, function(unit)))
    return best_trial(known, sweep.goal).objective


def compare_samplers() -> bool:
    """Whether tpe beats random on both functions."""
    good = True
    for name, function, size in (("Branin", branin, 2), ("Hartmann-6", hartmann, 6)):
        found = {
            sampler: [search(function, size, sampler, seed) for seed in range(SEEDS)] for sampler in ("random", "tpe")
        }
        assert search(function, size, "tpe", 0) == found["tpe"][0], "the same seed proposes the same"
        medians = {sampler: float(np.median(values)) for sampler, values in found.items()}
        better = medians["tpe"] < medians["random"]
        wins = sum(a < b for a, b in zip(found["tpe"], found["random"], strict=True))
        good &= better
        print(
            f"{'ok    ' if better else 'MISSED'} {name}: median best of {ROUNDS * TRIALS} trials over {SEEDS} seeds, "
            f"tpe {medians['tpe']:.4f}, random {medians['random']:.4f}; tpe is lower in {wins}",
            flush=True,
        )
    return good


STEPS = 300
SPACE = {
    "learning_rate": {"loguniform": [0.0002, 0.02]},
    "loss": {"choice": ["mse", "charbonnier", "log_mse"]},
    "ema_decay": {"choice": [0.9, 0.98, 0.995]},
}
FULL = [{"trials": 6, "budget": STEPS}]
PROMOTING = [{"trials": 6, "budget": STEPS // 3, "promote": 2}, {"trials": 2, "budget": STEPS}]


def sweep_config(rounds: Sequence[dict[str, int]]) -> dict[str, Any]:
    """Overlay of the default configuration: its scenes, fewer of them, and a smaller network."""
    network = {"kind": "joint", "width": 16, "patch": 4}
    # The first stage is the one that is searched; every frame needs one.
    stages = [
        {"name": "center", "predicts": [4], "network": network},
        {"name": "rest", "predicts": [1, 2, 3, 5, 6, 7], "conditions_on": [4], "network": network},
    ]
    training = {"steps": STEPS, "batch_size": 8, "crop": 64, "warmup_steps": 20}
    return {
        "name": "sweep_benchmark",
        "scenes": {"train_sequences": 8, "val_sequences": 4, "test_sequences": 1},
        "cascades": [{"name": "compact", "stages": stages}],
        "training": {"defaults": training, "validate_every": 50},
        "sweep": [
            {
                "system": "standard",
                "stage": "center",
                "sampler": "random",
                "seed": 0,
                "space": SPACE,
                "rounds": list(rounds),
            }
        ],
        "tracking": {"enabled": False},
    }


def run_sweep(folder: Path, rounds: Sequence[dict[str, int]]) -> list[Trial]:
    """Trials of a sweep that the workflow has run in ``folder``."""
    config = sweep_config(rounds)
    (folder / "sweep.yaml").write_text(yaml.safe_dump(config))
    place = "results/models/standard/center"
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "2",
        "--configfile", "sweep.yaml", "--quiet", "all", "--", f"{place}/final/hparams.yaml",
    ]  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "UNSMEAR_SHOW_RESULTS": "0"}
    subprocess.run(command, cwd=folder, env=environment, check=True)
    names = [trial_name(number, n) for number, entry in enumerate(rounds, 1) for n in range(1, entry["trials"] + 1)]
    sweep = SweepConfig.model_validate(config["sweep"][0])
    trials = read_trials([folder / place / "trials" / name for name in names], sweep)
    shutil.rmtree(folder / "results/models")
    return trials


def count_steps(trials: Sequence[Trial]) -> int:
    """Training steps of all trials; a promoted one takes those that are left."""
    budgets = {trial.name: trial.budget for trial in trials}
    return sum(trial.budget - budgets.get(trial.promoted or "", 0) for trial in trials)


def compare_promotion() -> bool:
    """Whether promotion ends nearly as well as full-length trials, with fewer steps."""
    with tempfile.TemporaryDirectory() as folder:
        full, promoting = (run_sweep(Path(folder), rounds) for rounds in (FULL, PROMOTING))
    assert [t.values for t in full] == [t.values for t in promoting[: len(full)]]
    for trial in full:
        short = promoting[trial.trial - 1]
        print(f"       trial {trial.trial}: {short.objective:.3f} dB after {short.budget} steps, "
              f"{trial.objective:.3f} dB after {trial.budget}")  # fmt: skip
    best = {name: best_trial(trials, "maximize") for name, trials in (("full", full), ("promoting", promoting))}
    loss = best["full"].objective - best["promoting"].objective
    share = count_steps(promoting) / count_steps(full)
    good = loss <= LARGEST_LOSS_DB and share <= LARGEST_SHARE
    print(
        f"{'ok    ' if good else 'MISSED'} promotion: best {best['promoting'].objective:.3f} dB against "
        f"{best['full'].objective:.3f} dB of full-length trials ({loss:+.3f} dB below, limit {LARGEST_LOSS_DB}), for "
        f"{share:.0%} of their training steps (limit {LARGEST_SHARE:.0%})"
    )
    return good


def main() -> int:
    """Measure, print, and tell whether every limit held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    checks = {"functions": compare_samplers, "promotion": compare_promotion}
    parser.add_argument("--only", choices=checks, help="one of the two parts")
    only = parser.parse_args().only
    met = [check() for name, check in checks.items() if only in (None, name)]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
