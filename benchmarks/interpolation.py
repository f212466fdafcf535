"""How much nearer sub-frame interpolation comes to the true integral of an exposure.

Built-in scenes can be looked at in any instant. The truth is the mean of many instants over the whole
frame times of a group, each through the PSF of its own instant. Printed is the paired gain in PSNR over
the sequences, with a bootstrap interval; exits with 1 where an interval does not lie above zero.
Run: python benchmarks/interpolation.py
"""

from __future__ import annotations

import argparse
import sys

import cv2
import numpy as np

from unsmear.evaluation.psnr import psnr
from unsmear.optics.build import simulate_psfs, subframe_times, subframe_weights
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.exposure import Renderer
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import Scene, make_scene

NUM_FRAMES = 7


def bootstrap_interval(values: np.ndarray, num_resamples: int = 10_000) -> tuple[float, float]:
    """95% interval of the mean of ``values``, the sequences resampled with replacement."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, size=(num_resamples, len(values))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def expose_truly(scene: Scene, config: CameraConfig, first_frame: int, instants: int) -> np.ndarray:
    """Picture of a group's whole frame times, ``instants`` of them in each frame time.

    A sharp frame is recorded around the middle of its shutter time and stands for the whole frame time
    around that: half a frame before the first middle the exposure begins.
    """
    middle = first_frame - 1 + scene.shutter / 2
    times = middle + subframe_times(NUM_FRAMES, instants) - 1
    psfs = simulate_psfs(config, NUM_FRAMES, instants)
    weights = subframe_weights(np.full(NUM_FRAMES, 1 / NUM_FRAMES), instants)
    renderer = Renderer(psfs, weights, scene.height, scene.width)
    return renderer.expose(scene.instant(float(time)) for time in times)


def main() -> int:
    """Measure, print, and tell whether every gain lies above zero."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=24, help="scenes of the test split")
    parser.add_argument("--instants", type=int, default=32, help="instants of the truth in a frame time")
    parser.add_argument("--first-frame", type=int, default=8, help="of the group that is rendered")
    parser.add_argument("--factors", type=int, nargs="+", default=[2, 4, 8, 16])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    scenes = ScenesConfig()
    print(f"{arguments.sequences} sequences of {scenes.width} x {scenes.height}, PSNR in dB")
    failed = False
    for optics in ("standard", "masked"):
        plain = CameraConfig(name=optics, optics=optics)
        cameras = {1: Camera.from_config(plain, NUM_FRAMES)}
        for factor in arguments.factors:
            config = CameraConfig(name=optics, optics=optics, interpolation={"factor": factor})
            cameras[factor] = Camera.from_config(config, NUM_FRAMES)
        scores: dict[int, list[float]] = {factor: [] for factor in cameras}
        for number in range(arguments.sequences):
            scene = make_scene(scenes, "test", number, arguments.seed)
            numbers = range(arguments.first_frame, arguments.first_frame + NUM_FRAMES)
            frames = np.stack([np.rint(255 * scene.sharp_frame(i)).astype(np.uint8) for i in numbers])
            truth = expose_truly(scene, plain, arguments.first_frame, arguments.instants)
            for factor, camera in cameras.items():
                scores[factor].append(float(psnr(camera.render_float(frames), truth, 1.0)))
        without = np.array(scores[1])
        print(f"{optics}: {without.mean():.2f} without interpolation")
        for factor in arguments.factors:
            gain = np.array(scores[factor]) - without
            low, high = bootstrap_interval(gain)
            failed |= low <= 0
            print(
                f"  factor {factor:2d}: gain {gain.mean():.2f}, 95% interval {low:.2f} to {high:.2f}, "
                f"least {gain.min():.2f}, better in {(gain > 0).sum()} of {len(gain)}"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
