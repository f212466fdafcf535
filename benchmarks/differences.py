"""How far tiles and bfloat16 move predictions from those of whole pictures in float32, for each family of networks.

Trains the cascades `joint` and `published` of config/networks.yaml for a few steps on built-in scenes, then
shows them masked pictures of 320 x 360 px. No limit: the table in docs/evaluation.md holds what it printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from networks import read_config

from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.cascade.spec import StageSpec
from unsmear.cascade.stage import Stage
from unsmear.evaluation.config import EvaluationConfig
from unsmear.evaluation.differences import measure_differences
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.optics.optics_config import MaskedOptics
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene

NUM_FRAMES = 7
TILE = 192
OVERLAPS = (32, 64, 96)
SIDE = 128


def make_groups(split: str, height: int, width: int, count: int, camera: Camera) -> tuple[torch.Tensor, np.ndarray]:
    """Sharp frames (count, 7, 3, height, width), full scale 1, and masked pictures (count, height, width, 3) uint8."""
    config = ScenesConfig(height=height, width=width)
    groups = []
    for number in range(count):
        scene = make_scene(config, split, number, seed=0)
        frames = [np.rint(scene.sharp_frame(frame) * 255).astype(np.uint8) for frame in range(1, NUM_FRAMES + 1)]
        groups.append(np.stack(frames))
    pictures = np.stack([camera.render(group, 0) for group in groups])
    return torch.from_numpy(np.stack(groups)).movedim(-1, -3).float() / 255, pictures


def train_stage(spec: StageSpec, camera: Camera, sharp: torch.Tensor, blurry: torch.Tensor, steps: int) -> Stage:
    """A stage after ``steps`` of Adam on batches of 4 scenes, given true frames."""
    torch.manual_seed(0)
    stage = Stage(spec, tuple(camera.energy), camera.response)
    optimizer = torch.optim.Adam(stage.parameters(), 1e-3)
    wanted = [frame - 1 for frame in spec.predicts]
    for _ in range(steps):
        chosen = torch.randint(len(sharp), (4,))
        known = {frame: sharp[chosen, frame - 1] for frame in spec.conditions_on}
        loss = (stage(blurry[chosen], known).frames - sharp[chosen][:, wanted]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return stage.eval()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=30, help="training steps of each stage")
    parser.add_argument("--scenes", type=int, default=24, help="scenes to train on")
    arguments = parser.parse_args()
    camera = Camera.from_config(CameraConfig(name="masked", optics=MaskedOptics()), NUM_FRAMES)
    sharp, blurry = make_groups("train", SIDE, SIDE, arguments.scenes, camera)
    given = torch.from_numpy(blurry).movedim(-1, -3).float() / 255
    _, pictures = make_groups("test", 320, 360, 2, camera)
    variants = {f"tiles of {TILE} px, overlap {o}": EvaluationConfig(tile_size=TILE, tile_overlap=o) for o in OVERLAPS}
    variants["bfloat16"] = EvaluationConfig(precision="bfloat16")
    config = read_config()
    for family in ("joint", "published"):
        stages = next(cascade.stages for cascade in config.cascades if cascade.name == family)
        with tempfile.TemporaryDirectory() as folder:
            weights = []
            for entry in stages:
                stage = train_stage(entry.spec, camera, sharp, given, arguments.steps)
                weights.append(Path(folder) / f"{entry.name}.safetensors")
                save_stage(weights[-1], Checkpoint(stage, NUM_FRAMES))
            found = measure_differences(weights, pictures, variants)
        for name, values in found.items():
            print(
                f"{family}, {arguments.steps} steps a stage, {name}: mean {values['mean_codes']:.3g} codes, "
                f"largest {values['max_codes']:.0f}, PSNR {values['psnr']:.1f} dB"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
