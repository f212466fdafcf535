"""Speed of rendering blurry images, as ratios to references measured in the same run.

Exits with 1 where a limit is missed. Everything runs on one thread and from the page cache; ratios are of
processor seconds, which other work on the machine disturbs least. Run: python benchmarks/render.py
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from unsmear.optics.config import CameraConfig
from unsmear.optics.psf import load_psfs
from unsmear.optics.render import render_blur
from unsmear.optics.simulate import simulate_camera

NUM_FRAMES = 7
LEAST_SPEEDUP = 60.0
LEAST_STANDARD_RATE = 0.8
LONGEST_START_S = 0.7

START = """
import sys
from unsmear.optics.render import render_blur
render_blur(*sys.argv[1:4], sys.argv[4])
loaded = {"torch", "pandas", "scipy", "matplotlib", "mlflow", "snakemake"} & set(sys.modules)
sys.exit(f"needless imports: {loaded}" if loaded else 0)
"""


def shortest(works: list[Callable[[], None]], repeats: int) -> list[float]:
    """Least processor seconds of each work, run in turns so that all meet the same neighbours."""
    best = [float("inf")] * len(works)
    for _ in range(repeats):
        for index, work in enumerate(works):
            begin = time.process_time()
            work()
            best[index] = min(best[index], time.process_time() - begin)
    return best


def child_seconds() -> float:
    """Processor seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def convolve_naively(frames: np.ndarray, psfs: np.ndarray) -> np.ndarray:
    """Straightforward rendering: float64, one convolution for each frame and colour."""
    from scipy.ndimage import convolve

    light = frames / 255.0
    blurred = np.empty_like(light)
    for i in range(len(light)):
        for c in range(3):
            blurred[i, ..., c] = convolve(light[i, ..., c], psfs[i, ..., c], mode="nearest")
    return np.asarray((255 * blurred.mean(axis=0)).round().astype(np.uint8))


def read_sum_write(store: Path, output: Path, num_groups: int) -> None:
    """Read the same bytes, sum them and write as many: no response, no checks; strips stay in the cache."""
    frames = np.asarray(np.load(store, mmap_mode="r"))
    _, height, width, _ = frames.shape
    rows = 32
    total = np.empty((rows, width, 3), np.float32)
    picture = np.empty((height, width, 3), np.uint8)
    with output.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "|u1", "fortran_order": False, "shape": (num_groups, height, width, 3)}
        )
        for group in range(num_groups):
            for top in range(0, height, rows):
                strip = total[: height - top]
                strip[...] = 0
                for frame in frames[group * NUM_FRAMES : (group + 1) * NUM_FRAMES]:
                    cv2.accumulate(frame[top : top + rows], strip)
                cv2.convertScaleAbs(strip, dst=picture[top : top + rows], alpha=1 / NUM_FRAMES)
            stream.write(picture.data)


def read_sum_write_plainly(store: Path, output: Path, num_groups: int) -> None:
    """The same in plain NumPy."""
    frames = np.load(store, mmap_mode="r")
    groups = frames[: num_groups * NUM_FRAMES].reshape(num_groups, NUM_FRAMES, *frames.shape[1:])
    pictures = [(group.sum(axis=0, dtype=np.uint16) // NUM_FRAMES).astype(np.uint8) for group in groups]
    np.save(output, np.stack(pictures))


def main() -> int:
    """Measure, print, and tell whether every limit held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--groups", type=int, default=8, help="frame groups in the store")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    height, width, num_groups = arguments.height, arguments.width, arguments.groups
    cv2.setNumThreads(1)
    failed = False

    def report(what: str, value: float, limit: float, at_least: bool, unit: str) -> None:
        nonlocal failed
        held = value >= limit if at_least else value < limit
        failed |= not held
        relation = ">=" if at_least else "<"
        print(f"{'ok    ' if held else 'MISSED'} {what}: {value:.3g} {unit} (limit: {relation} {limit:g})")

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shape = (num_groups * NUM_FRAMES, height, width, 3)
        frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        store = root / "frames.npy"
        np.save(store, frames)
        np.save(root / "tiny.npy", frames[:NUM_FRAMES, :32, :32])
        files = {}
        for name in ("standard", "masked"):
            files[name] = root / f"{name}.npy", root / f"{name}.json"
            simulate_camera(CameraConfig(name=name, optics=name), NUM_FRAMES, *files[name])
        print(f"{num_groups} groups of {NUM_FRAMES} frames, {width} x {height}, one thread")

        def render(name: str) -> None:
            render_blur(store, *files[name], root / "blur.npy")

        (masked,) = shortest([lambda: render("masked")], max(2, arguments.repeats // 2))
        begin = time.process_time()
        reference = convolve_naively(frames[:NUM_FRAMES], load_psfs(files["masked"][0]))
        naive = time.process_time() - begin
        difference = np.abs(np.load(root / "blur.npy", mmap_mode="r")[0].astype(int) - reference).max()
        assert difference <= 1, f"the two renderings differ by {difference} codes"
        print(f"masked: {1e3 * masked / num_groups:.1f} ms a group; per-frame float64 convolution {naive:.2f} s")
        report("masked rendering, speed-up", naive * num_groups / masked, LEAST_SPEEDUP, True, "times")

        standard, tuned, plain = shortest(
            [
                lambda: render("standard"),
                lambda: read_sum_write(store, root / "sum.npy", num_groups),
                lambda: read_sum_write_plainly(store, root / "plain.npy", num_groups),
            ],
            arguments.repeats,
        )
        megabytes = frames.nbytes / 1e6
        print(
            f"standard: {1e3 * standard / num_groups:.2f} ms a group, {megabytes / standard:.0f} MB/s; read, sum, "
            f"write: {megabytes / tuned:.0f} MB/s in strips, {megabytes / plain:.0f} MB/s in plain NumPy"
        )
        report("standard rendering, share of that rate", tuned / standard, LEAST_STANDARD_RATE, True, "")

        walls, starts = [], []
        for _ in range(5):
            begin, used = time.perf_counter(), child_seconds()
            paths = [root / "tiny.npy", *files["masked"], root / "tiny_blur.npy"]
            subprocess.run([sys.executable, "-c", START, *map(str, paths)], check=True)
            walls.append(time.perf_counter() - begin)
            starts.append(child_seconds() - used)
        print(f"start to end of a job on 32 x 32 pixels: {min(walls):.2f} s by the clock")
        report("start to end of a job on 32 x 32 pixels", min(starts), LONGEST_START_S, False, "s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
