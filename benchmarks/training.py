"""Speed of training: against a plain float32 loop of the same networks, the matrix rate, and its data.

With a GPU: the published stages, crops of 320 x 320, in bfloat16 and compiled; exits with 1 where the center stage
is below 5 times the plain loop (float32 without TF32) or 35% of the measured bfloat16 matrix rate, or any stage
waits for data more than 5% of its time. Without one: the stages of the weights that come with the package, batches of
8 crops of 128 x 128; exits with 1 where a stage is below 2 times the plain loop on a CPU that multiplies bfloat16,
0.9 times on others, or waits for data.
Run: python benchmarks/training.py
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from unsmear.cascade.checkpoint import load_stage
from unsmear.cascade.jin2018 import published_stages
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.engine import fit
from unsmear.training.gradient import Allowed
from unsmear.training.objective import Objective
from unsmear.training.precision import Precision, multiplies_bfloat16
from unsmear.training.resume import StateFiles
from unsmear.training.sequences import SequenceStores
from unsmear.training.stores import SplitStores
from unsmear.weights.load import shipped_file

SHIPPED = ("center", "motion")
EPOCHS, NUM_GROUPS, NUM_FRAMES = 44, 17_040, 7
REPEATS = 4  # measurements on a CPU, the best of which counts for both loops
LEAST_SPEEDUP, LEAST_SHARE, LONGEST_WAIT = 5.0, 0.35, 0.05
LEAST_ON_CPU = {True: 2.0, False: 0.9}  # whether it multiplies bfloat16


def make_stores(root: Path, height: int, width: int) -> dict[str, SplitStores]:
    """Random pictures to train on, and one small group to validate on."""
    rng = np.random.default_rng(0)
    stores = {}
    for split, groups, size in (("train", 8, (height, width)), ("val", 1, (40, 40))):
        paths = {}
        for kind, length in (("frames", groups * NUM_FRAMES), ("blur", groups)):
            path = root / kind / split / "000.npy"
            path.parent.mkdir(parents=True)
            np.save(path, rng.integers(0, 256, (length, *size, 3), dtype=np.uint8))
            paths[kind] = str(path)
        stores[split] = SplitStores.open(split, NUM_FRAMES, [SequenceStores(split=split, sequence="000", **paths)])
    return stores


def make_objective(spec: StageSpec, earlier: list[StageSpec], precision: Precision) -> Objective:
    """A stage with its predecessors, all with random weights."""
    torch.manual_seed(0)
    frozen = [Stage(s).eval().requires_grad_(False).to(precision.device) for s in earlier]
    return Objective(Stage(spec).to(precision.device), frozen, "true", "mse", precision=precision)


def seconds_of(work: Callable[[], Any], repeats: int, device: torch.device) -> float:
    """Least time of one call, after one to warm up; of the processor where there is no GPU."""
    times, clock = [], time.perf_counter if device.type == "cuda" else time.process_time
    for _ in range(repeats + 1):
        begin = clock()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - begin)
    return min(times[1:])


def plain_step(objective: Objective, optimizer: torch.optim.Optimizer, blurry: Tensor, truth: Tensor) -> None:
    """One step as a tutorial writes it."""
    optimizer.zero_grad()
    objective.terms(objective.predict(blurry, truth))["loss"].mean().backward()
    optimizer.step()


def measure_plain(
    spec: StageSpec, earlier: list[StageSpec], batch: int, crop: int, steps: int, device: torch.device
) -> Any:
    """Images a second of the plain float32 loop, and multiply-adds times two of one image's step."""
    objective = make_objective(spec, earlier, Precision(device))
    optimizer = torch.optim.Adam(objective.stage.parameters(), 1e-4)
    blurry = torch.rand(batch, 3, crop, crop, device=device)
    truth = torch.rand(batch, len(objective.frames), 3, crop, crop, device=device)
    with FlopCounterMode(display=False) as counter:
        plain_step(objective, optimizer, blurry, truth)

    def run() -> None:
        for _ in range(steps):
            plain_step(objective, optimizer, blurry, truth)

    return batch * steps / seconds_of(run, REPEATS, device), counter.get_total_flops() / batch


def measure_fit(
    spec: StageSpec, earlier: list[StageSpec], stores: dict[str, SplitStores], hparams: Hparams, config: TrainingConfig
) -> dict[str, Any]:
    """Last row of the training split: images a second and share of time waiting, without the start.

    Without a GPU the seconds are the processor's, so that other work on the machine disturbs them little.
    """
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        state = fit(
            make_objective(spec, earlier, Precision.choose(config)),
            hparams,
            config,
            stores["train"],
            stores["val"],
            seed=0,
            allowed=Allowed(),
            states=StateFiles(Path(folder), "benchmark"),
            on_metrics=lambda row: marks.append(time.process_time()),
            title=spec.name,
        )
    row = [row for row in state.table.rows if row["split"] == "train"][-1]
    if not torch.cuda.is_available():
        # From one validation, whose row is every second one, to the next.
        seconds = min(later - before for before, later in itertools.pairwise(marks[1::2]))
        row["images_per_second"] = config.validate_every * hparams.batch_size / seconds
    return row


def matrix_rate(dtype: torch.dtype, side: int, device: torch.device) -> float:
    """Floating-point operations a second of a matrix product."""
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return 2 * side**3 / seconds_of(lambda: left @ right, 10, device)


def main() -> int:
    """Measure, print, and tell whether every limit held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8, help="on a GPU")
    parser.add_argument("--steps", type=int, default=60, help="measured, on a GPU; as many before them warm up")
    parser.add_argument("--workers", type=int, default=6, help="on a GPU")
    arguments = parser.parse_args()
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(torch.get_num_threads() if on_gpu else 1)
    batch, crop, steps = (arguments.batch, 320, arguments.steps) if on_gpu else (8, 128, 8)
    config = TrainingConfig(validate_every=steps, save_seconds=1e9, num_workers=arguments.workers if on_gpu else 0)
    hparams = Hparams(
        steps=(2 if on_gpu else 1 + REPEATS) * steps,
        batch_size=batch,
        crop=crop,
        optimizer="adam",
        loss="mse",
        noise=0.01,
    )
    fast = multiplies_bfloat16(device)
    rate = matrix_rate(torch.bfloat16 if fast else torch.float32, 8192 if on_gpu else 1024, device)
    name = torch.cuda.get_device_name() if on_gpu else "GPU not measured: no GPU. One thread of the CPU"
    print(f"{name}: {'bfloat16' if fast else 'float32'} matrix product {rate / 1e12:.3g} Tflop/s")
    stages = (
        list(published_stages()) if on_gpu else [load_stage(shipped_file("standard", s)).stage.spec for s in SHIPPED]
    )
    failed, hours = False, 0.0
    with tempfile.TemporaryDirectory() as folder:
        stores = make_stores(Path(folder), *((720, 1280) if on_gpu else (160, 160)))
        for number, spec in enumerate(stages):
            earlier = stages[:number]
            plain, flops = measure_plain(spec, earlier, batch, crop, steps, device)
            row = measure_fit(spec, earlier, stores, hparams, config)
            speed, wait = row["images_per_second"], row["data_wait"]
            speedup, share = speed / plain, speed * flops / rate
            hours += EPOCHS * NUM_GROUPS / speed / 3600
            print(
                f"{spec.name}: {speedup:.2f} times the plain loop, {share:.0%} of the matrix rate, waiting for data "
                f"{wait:.1%} of the time; {speed:.3g} images/s"
            )
            if on_gpu:
                failed |= number == 0 and (speedup < LEAST_SPEEDUP or share < LEAST_SHARE)
            else:
                failed |= speedup < LEAST_ON_CPU[fast]
            failed |= wait >= LONGEST_WAIT
    if on_gpu:
        print(f"{EPOCHS} epochs of {NUM_GROUPS} groups, four stages: {hours:.1f} hours")
        limits = f"center >= {LEAST_SPEEDUP:g} times and >= {LEAST_SHARE:.0%}"
    else:
        limits = f"each stage >= {LEAST_ON_CPU[fast]:g} times"
    print(f"{'MISSED' if failed else 'ok    '} limits: {limits}, waiting < {LONGEST_WAIT:.0%}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
