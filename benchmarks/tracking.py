"""What tracking costs a training step: with the embedded store, and with a server that is not there.

Run ``python benchmarks/tracking.py``. Steps are a fixed matrix product on one core that takes about 25 ms, which is
short for a training step; every step logs six metrics into the run's journal, which is all that a job does. Cases take
turns, so that a change of the machine's load meets all of them. Processor time suffers least from other programs: the
share of logging in it must not exceed `LIMIT`, else the exit status is 1. What the following process uses, at low
priority, stands apart.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.follow import Follower, sync
from unsmear.tracking.run import open_run

LIMIT = 0.02


class Measured(NamedTuple):
    """Seconds of one run."""

    steps: list[float]  # each whole step
    calls: list[float]  # logging in each step
    processor: float  # of this process, all threads
    logging: float  # of the thread that trains, inside the calls
    follower: float  # of the following process


def measure(config: TrackingConfig, root: Path, name: str, num_steps: int, size: int) -> Measured:
    """Run a loop that computes and logs."""
    left = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    steps, calls, logging = [], [], 0.0
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    follower = Follower(config, root)
    follower.start()
    with open_run(root / name, name, enabled=config.enabled, system_metrics_interval_s=10.0) as run:
        processor = time.process_time()
        for step in range(num_steps):
            start = time.perf_counter()
            loss = float((left @ left)[0, 0])
            before, before_processor = time.perf_counter(), time.thread_time()
            run.log_metrics({f"metric{index}": loss + index for index in range(6)}, step)
            logging += time.thread_time() - before_processor
            end = time.perf_counter()
            steps.append(end - start)
            calls.append(end - before)
        processor = time.process_time() - processor
    follower.finish()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    sending = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    return Measured(steps, calls, processor, logging, sending)


def main() -> None:
    """Print a table: milliseconds of a step and of logging, and the share of tracking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100, help="steps of a run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each case")
    parser.add_argument("--size", type=int, default=1000, help="side of the matrices")
    options = parser.parse_args()
    cases = {
        "off": TrackingConfig(enabled=False),
        "embedded store": TrackingConfig(),
        "no server there": TrackingConfig(uri="http://127.0.0.1:9", finish_wait_s=1.0, timeout_s=2),
    }
    runs: dict[str, list[Measured]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        open_run(root / "embedded store/first", "first").finish()
        sync(cases["embedded store"], root / "embedded store")  # creates the store, which takes seconds
        for round_number in range(options.rounds):
            for name, config in cases.items():
                runs[name].append(measure(config, root / name, str(round_number), options.steps, options.size))
    print("| case | step, ms | logging, ms | share of logging in CPU time | whole loop against off | follower, s |")
    print("|---|---|---|---|---|---|")
    shares = []
    for name, found in runs.items():
        step = 1e3 * statistics.median(value for run in found for value in run.steps)
        call = 1e3 * statistics.median(value for run in found for value in run.calls)
        share = sum(run.logging for run in found) / sum(run.processor for run in found)
        pairs = zip(found, runs["off"], strict=True)
        ratio = statistics.median(run.processor / off.processor for run, off in pairs)
        follower = statistics.median(run.follower for run in found)
        print(f"| {name} | {step:.2f} | {call:.4f} | {share:.2%} | {ratio - 1:+.2%} | {follower:.1f} |")
        shares.append(share)
    if max(shares) > LIMIT:
        sys.exit(f"logging takes {max(shares):.2%} of a step, more than {LIMIT:.0%}")


if __name__ == "__main__":
    main()
