"""A person's photo: processor time and memory of all seven frames, against the machine's rate of matrix products.

Run as ``python benchmarks/photo.py``; ``--weights`` measures other weights than the shipped ones. Each photo goes
through the command in a process of its own, which measures the rate as well, before and after each tile: it changes
with what else the machine does. Seconds are processor seconds of all threads over the number of threads, so that other
work on the machine disturbs them least. Ends with 1 where a limit is missed:

- the networks, margins of tiles and rounding included, make half of the multiply-adds that a product of two large
  matrices makes in the same time, the kernel's time to hand out memory apart (a column of its own: it is the machine's,
  little where memory is at hand);
- the whole command, from start to last file, takes no longer than its limit on two cores of a machine whose core
  makes 35 G multiply-adds a second, and on others in proportion to their rate;
- memory keeps its bound.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

# Width, height, and the seconds that two cores may take.
SIZES = {"1280 x 720": (1280, 720, 5), "12 megapixels": (4000, 3000, 90)}
REFERENCE_RATE = 35e9
LEAST_SHARE = 0.5
MOST_MEMORY = 4 * 2**30
# The command, with the processor seconds of its networks, those of the process, the rate, and the most memory held.
_MEASURED = """
import json, os, resource, sys
import torch
from unsmear.cascade.inference import CascadeInference
from unsmear.cli import main
from unsmear.photos.tiles import TiledCascade

clock, rates, measuring = os.times, [], [0.0, 0.0]

def measure_rate(side=1024, repeats=8):
    started, threads = clock(), torch.get_num_threads()
    torch.set_num_threads(1)
    left = torch.rand(side, side)
    left @ left
    began = clock().user
    for _ in range(repeats):
        left @ left
    rates.append(side**3 * repeats / (clock().user - began))
    torch.set_num_threads(threads)
    ended = clock()
    measuring[0] += ended.user - started.user
    measuring[1] += ended.system - started.system

predict, run, networks = CascadeInference.predict_frames, TiledCascade.__call__, []

def predict_between(self, *arguments):
    measure_rate()
    result = predict(self, *arguments)
    measure_rate()
    return result

def timed(self, *arguments):
    began = clock(), *measuring
    result = run(self, *arguments)
    ended = clock(), *measuring
    user, system = ended[0].user - began[0].user, ended[0].system - began[0].system
    networks.append((user - ended[1] + began[1], system - ended[2] + began[2]))
    return result

CascadeInference.predict_frames, TiledCascade.__call__ = predict_between, timed
status = main(sys.argv[1:])
now = clock()
whole = now.user + now.system - sum(measuring)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
computed, handed = map(sum, zip(*networks))
rate = len(rates) / sum(1 / each for each in rates)
found = {"rate": rate, "networks": computed, "kernel": handed, "whole": whole, "memory": memory}
print(json.dumps(found), file=sys.stderr)
sys.exit(status)
"""


def count_multiply_adds(weights: list[Path] | None, pixels: int) -> float:
    """Of all stages for a picture of so many pixels, without the tiles' margins."""
    from unsmear.cascade.cascade import Cascade
    from unsmear.cascade.order import find_weights
    from unsmear.weights.load import shipped_weights

    cascade = Cascade.load(find_weights(weights) if weights else shipped_weights("standard"))
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        cascade(torch.rand(1, 3, 256, 256))
    return counter.get_total_flops() / 2 / 256**2 * pixels


def measure_command(width: int, height: int, weights: list[Path] | None) -> dict[str, float]:
    """Processor seconds of the networks and of the whole command, rate of multiply-adds of a core, bytes at most."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        rows, columns = np.mgrid[:height, :width]
        picture = np.stack([rows % 251, columns % 241, (rows + columns) % 239], axis=-1).astype(np.uint8)
        Image.fromarray(picture).save(photo, quality=90)
        command = ["reconstruct", str(photo), "--json", "--memory", "4G", "--device", "cpu"]
        command += ["--weights", *map(str, weights)] if weights else []
        # A thread that waits for others is not to count as one that computes.
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
        code = [sys.executable, "-c", _MEASURED, *command]
        done = subprocess.run(code, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise SystemExit(done.stderr)
        found: dict[str, float] = json.loads(done.stderr.strip().splitlines()[-1])
        return found


def main() -> int:
    """Exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, nargs="+", help="default: the shipped ones")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="default: both")
    options = parser.parse_args()
    kept = True
    print("| photo | rate of a core (G/s) | share of the rate | with the kernel's | s / 2 cores | of the limit | GiB |")
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    for name in options.sizes:
        width, height, limit = SIZES[name]
        found = measure_command(width, height, options.weights)
        ideal = count_multiply_adds(options.weights, width * height) / found["rate"]
        share, with_kernel = ideal / found["networks"], ideal / (found["networks"] + found["kernel"])
        part = found["whole"] / 2 / limit * found["rate"] / REFERENCE_RATE
        seconds, memory = found["whole"] / 2, found["memory"] / 2**30
        cells = (
            f"{found['rate'] / 1e9:.1f} | {share:.2f} | {with_kernel:.2f} | {seconds:.1f} | {part:.2f} | {memory:.2f}"
        )
        print(f"| {name} | {cells} |", flush=True)
        kept = kept and share >= LEAST_SHARE and part <= 1 and found["memory"] <= MOST_MEMORY
    print(f"limits: share of the rate {LEAST_SHARE}, share of the limit 1, {MOST_MEMORY / 2**30:.0f} GiB")
    print("all limits kept" if kept else "A LIMIT IS MISSED")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
