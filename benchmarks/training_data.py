"""Crops a second that one core reads for the center stage, from a warm cache of 720p stores.

A crop is a sample of 320 x 320: its blurry picture and sharp frame 4, no other frame. The rate is of processor
seconds of the reading process, batch by batch, which other work on the machine disturbs least. Exits with 1 where it
is below the limit. Run: python benchmarks/training_data.py
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from unsmear.training.dataset import CropDataset
from unsmear.training.sequences import SequenceStores
from unsmear.training.stores import SplitStores

LEAST_CROPS = 3000.0
NUM_FRAMES = 7


def make_stores(root: Path, sequences: int, groups: int, height: int, width: int) -> SplitStores:
    """Stores of random pictures; their content does not change the speed."""
    rng = np.random.default_rng(0)
    made = []
    for sequence in range(sequences):
        paths = {}
        for kind, length in (("frames", groups * NUM_FRAMES), ("blur", groups)):
            path = root / kind / "train" / f"{sequence:03d}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, rng.integers(0, 256, (length, height, width, 3), dtype=np.uint8))
            paths[kind] = str(path)
        made.append(SequenceStores(split="train", sequence=f"{sequence:03d}", **paths))
    return SplitStores.open("train", NUM_FRAMES, made)


def main() -> int:
    """Measure, print, and tell whether the limit held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crop", type=int, default=320)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stores = make_stores(Path(folder), sequences=2, groups=8, height=720, width=1280)
        count = 100 * arguments.batch
        best = {}
        for stage, frames in (("center", (4,)), ("all frames", tuple(range(1, NUM_FRAMES + 1)))):
            samples = CropDataset(stores, arguments.crop, seed=0, length=count, frames=frames)
            rates = []
            for _ in range(arguments.repeats + 1):  # the first fills the cache
                begin = time.process_time()
                for first in range(0, count, arguments.batch):
                    samples.__getitems__(range(first, first + arguments.batch))
                rates.append(count / (time.process_time() - begin))
            best[stage] = max(rates[1:])
        held = best["center"] >= LEAST_CROPS
        print(
            f"{'ok    ' if held else 'MISSED'} center stage: {best['center']:.0f} crops of {arguments.crop} x "
            f"{arguments.crop} a second and core (limit: >= {LEAST_CROPS:.0f})"
        )
        print(f"all seven frames instead of one: {best['all frames']:.0f}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
