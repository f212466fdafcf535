"""What the systems of config/networks.yaml cost and, once the workflow has run, how good they are.

Run as ``python benchmarks/networks.py``, and with ``--results results`` after ``snakemake --cores all --configfile
config/networks.yaml``. Ends with 1 where a compared cascade costs over 10% more or less than another.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from mixed_direction import mixed_direction
from torch.utils.flop_counter import FlopCounterMode

from unsmear.cascade.cascade import predict_frames
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.config import Config, load_config
from unsmear.files import read_rows

ROOT = Path(__file__).resolve().parents[1]
LARGEST_MISMATCH = 0.1
REPEATS = 3
PAIR = (3, 5)


def read_config() -> Config:
    """The default configuration with the overlay that compares networks."""
    default, overlay = (yaml.safe_load((ROOT / name).read_text()) for name in ("config.yaml", "config/networks.yaml"))
    return load_config(merge(default, overlay))


def merge(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Mappings merged, all else replaced, as Snakemake does it."""
    both = {key: merge(values[key], new) for key, new in changes.items() if isinstance(new, dict) and key in values}
    return {**values, **changes, **both}


def count_cost(specs: Sequence[StageSpec], height: int, width: int) -> tuple[int, int]:
    """Parameters and multiply-adds of a cascade; nothing is computed."""
    parameters = 0
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        for spec in specs:
            stage, picture = Stage(spec), torch.empty(1, 3, height, width)
            stage(picture, dict.fromkeys(spec.conditions_on, picture))
            parameters += sum(parameter.numel() for parameter in stage.parameters())
    return parameters, counter.get_total_flops() // 2


def time_steps(specs: Sequence[StageSpec], batch_size: int, crop: int) -> list[float]:
    """Least seconds of a training step of each stage with those before it frozen, float32 on one thread."""
    stages = [Stage(spec).to(memory_format=torch.channels_last) for spec in specs]  # type: ignore[call-overload]
    blurry = torch.rand(batch_size, 3, crop, crop)
    seconds = []
    for index, stage in enumerate(stages):
        optimizer, taken = torch.optim.AdamW(stage.parameters()), []
        for _ in range(REPEATS + 1):
            began = time.process_time()
            with torch.no_grad():
                known = predict_frames(stages[:index], blurry)[0]
            optimizer.zero_grad()
            stage(blurry, known).frames.square().mean().backward()
            optimizer.step()
            taken.append(time.process_time() - began)
        seconds.append(min(taken))
    return seconds


def report_cost(config: Config) -> bool:
    """Print what each cascade costs; whether all cost alike."""
    hparams, costs = config.training.defaults, {}
    size = config.scenes.height, config.scenes.width
    assert isinstance(hparams.batch_size, int)
    print(f"| cascade, {size[1]} x {size[0]} | parameters (M) | multiply-adds (G) | seconds a step of each stage |")
    print("|---|---:|---:|---|")
    for cascade in config.cascades:
        specs = [stage.spec for stage in cascade.stages]
        parameters, costs[cascade.name] = count_cost(specs, *size)
        steps = ", ".join(f"{value:.3f}" for value in time_steps(specs, hparams.batch_size, hparams.crop))
        print(f"| {cascade.name} | {parameters / 1e6:.3f} | {costs[cascade.name] / 1e9:.3f} | {steps} |")
    mismatch = max(costs.values()) / min(costs.values()) - 1
    print(f"largest mismatch of multiply-adds: {mismatch:.1%}, limit {LARGEST_MISMATCH:.0%}")
    return mismatch <= LARGEST_MISMATCH


def summarise(path: Path) -> dict[str, float]:
    """Means over the test split: PSNR of each frame in the better direction, direction accuracy."""
    rows = read_rows(path)
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(f"psnr_{row['frame']}", []).append(float(row["psnr_best"]))
        if row["frame"] == "1" and row["direction"]:
            found.setdefault("direction", []).append(float(row["direction"]))
    return {name: float(np.mean(values)) for name, values in found.items()}


def measure_mixing(results: Path, system: str, camera: str, num_frames: int) -> float:
    """Mean share of frames 3 and 5 that runs against their own direction of time."""
    from unsmear.cascade.order import find_weights
    from unsmear.evaluation.predict import Predictor

    predictor = Predictor(find_weights([results / "models" / system]))
    chosen, shares = [frame - 1 for frame in PAIR], []
    for path in sorted((results / "blur" / camera / "test").glob("*.npy")):
        blurry, sharp = np.load(path), np.load(results / "frames" / "test" / path.name)
        for group, frames in enumerate(predictor(blurry)):
            truth = torch.from_numpy(sharp[group * num_frames : (group + 1) * num_frames][chosen]).permute(0, 3, 1, 2)
            shares.append(mixed_direction(frames[chosen], truth))
    return float(np.mean(shares))


def with_spread(values: Sequence[float], decimals: int = 2) -> str:
    """Mean and standard deviation over seeds."""
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.{decimals}f} ± {spread:.{decimals}f}"


def report_results(config: Config, results: Path) -> None:
    """Print PSNR of each frame, accuracy of the direction and its mixing, mean and spread over seeds."""
    num_frames = config.data.frames_per_group
    frames = range(1, num_frames + 1)
    print(f"\n| system | {' | '.join(f'frame {frame}' for frame in frames)} | direction | mixed |")
    print(f"|---|{'---:|' * (num_frames + 2)}")
    for camera in dict.fromkeys(system.camera for system in config.systems):
        found = summarise(results / "evaluation" / f"input_{camera}" / "per_frame.csv")
        cells = [f"{found[f'psnr_{frame}']:.2f}" for frame in frames]
        print(f"| input, {camera} | {' | '.join(cells)} | {found['direction']:.2f} | |")
    for system in config.systems:
        seeds = [summarise(results / "evaluation" / name / "per_frame.csv") for name in system.repeats]
        cells = [with_spread([seed[f"psnr_{frame}"] for seed in seeds]) for frame in frames]
        mixed = [measure_mixing(results, name, system.camera, num_frames) for name in system.repeats]
        cells += [with_spread([seed["direction"] for seed in seeds]), with_spread(mixed, 3)]
        print(f"| {system.name} | {' | '.join(cells)} |", flush=True)


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="results/ of the workflow with config/networks.yaml")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = read_config()
    kept = report_cost(config)
    if arguments.results:
        report_results(config, arguments.results)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
