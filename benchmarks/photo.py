"""A person's photo: seconds and memory of all seven frames, against the machine's rate of multiply-adds.

Run as ``python benchmarks/photo.py``; ``--weights`` measures other weights than the shipped ones. Ends with 1
where the networks run at less than half the rate, or memory goes beyond its bound.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

# Width, height, and the seconds that two cores of a common machine may take.
SIZES = {"1280 x 720": (1280, 720, 5), "12 megapixels": (4000, 3000, 90)}
LEAST_RATE = 0.5
MOST_MEMORY = 4 * 2**30
# Runs the command and prints the most memory that it held.
_MEASURED = """
import resource, sys
from unsmear.cli import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(status)
"""


@torch.inference_mode()
def measure_rate(width: int = 48, side: int = 160, repeats: int = 10) -> float:
    """Multiply-adds a second of a 1x1 convolution, the commonest of joint networks, at a tile's size."""
    maps = torch.rand(1, width, side, side).contiguous(memory_format=torch.channels_last)
    weight = torch.rand(2 * width, width, 1, 1).contiguous(memory_format=torch.channels_last)
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        functional.conv2d(maps, weight)
        best = min(best, time.perf_counter() - began)
    return maps.numel() * 2 * width / best


@torch.inference_mode()
def count_multiply_adds(weights: list[Path] | None, pixels: int) -> float:
    """Of all stages for a picture of so many pixels, without the tiles' margins."""
    from unsmear.photos.reconstruct import Reconstructor

    cascade = Reconstructor(weights=weights, device="cpu").inference.cascade
    with FlopCounterMode(display=False) as counter:
        cascade(torch.rand(1, 3, 256, 256))
    return counter.get_total_flops() / 2 / 256**2 * pixels


def time_command(width: int, height: int, weights: list[Path] | None) -> tuple[float, int]:
    """Seconds of the photo as the command reports them, and bytes that its process held at most."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        rows, columns = np.mgrid[:height, :width]
        picture = np.stack([rows % 251, columns % 241, (rows + columns) % 239], axis=-1).astype(np.uint8)
        Image.fromarray(picture).save(photo, quality=90)
        command = ["reconstruct", str(photo), "--json", "--memory", "3G", "--device", "cpu"]
        command += ["--weights", *map(str, weights)] if weights else []
        done = subprocess.run([sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)["photos"][0]["seconds"], int(done.stderr.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, nargs="+", help="default: the shipped ones")
    options = parser.parse_args()
    kept, rate = True, measure_rate()
    print(f"{os.cpu_count()} cores, {rate / 1e9:.1f} G multiply-adds a second")
    print("| photo | seconds | share of the rate | GiB at most | limit |\n|---|---:|---:|---:|---:|")
    for name, (width, height, limit) in SIZES.items():
        seconds, memory = time_command(width, height, options.weights)
        share = count_multiply_adds(options.weights, width * height) / seconds / rate
        print(f"| {name} | {seconds:.1f} | {share:.2f} | {memory / 2**30:.2f} | {limit} s |")
        kept = kept and share >= LEAST_RATE and memory <= MOST_MEMORY
    print("all limits kept" if kept else "A LIMIT IS MISSED")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
