"""What one step towards consistency with the picture gives: frames that, exposed through the camera, are the picture.

The step x + A^T (A A^T + c)^-1 (y - A x) is closed in the Fourier domain. Frames are those of the package's weights.
Run: python benchmarks/consistency.py FOLDER, a folder of frames for each sequence, whose first seven are exposed.
Without a folder built-in scenes are taken. No limit holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from unsmear.cascade.inference import CascadeInference
from unsmear.evaluation.psnr import psnr
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.scene import make_scene
from unsmear.weights.load import shipped_weights

NUM_FRAMES, MARGIN = 7, 32
STRENGTHS = (1.0, 0.1, 0.01)


def read_groups(folder: Path | None) -> Iterator[np.ndarray]:
    """Sharp frames (7, H, W, 3) uint8 of each sequence."""
    if folder is None:
        config = ScenesConfig(native=True, min_speed=0.3)
        for number in range(8):
            scene = make_scene(config, "test", number, 0)
            frames = [scene.sharp_frame(frame) for frame in range(1, NUM_FRAMES + 1)]
            yield np.rint(np.stack(frames) * 255).astype(np.uint8)
    else:
        for sequence in sorted({path.parent for path in folder.rglob("*.png")}):
            paths = sorted(sequence.glob("*.png"))[:NUM_FRAMES]
            if len(paths) == NUM_FRAMES:
                yield np.stack([cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in paths])


def make_consistent(frames: np.ndarray, picture: np.ndarray, camera: Camera, strength: float) -> np.ndarray:
    """Move frames (N, H, W, 3) so that their exposure comes nearer to ``picture`` (H, W, 3), both full scale 1."""
    sides = [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)]
    padded, target = np.pad(frames, sides, mode="reflect"), np.pad(picture, sides[1:], mode="reflect")
    size, side = padded.shape[1:3], camera.psfs.shape[1]
    kernels = np.zeros(padded.shape, np.float32)
    kernels[:, :side, :side] = camera.psfs * camera.weights[:, None, None, None]
    kernels = np.roll(kernels, (-(side // 2), -(side // 2)), axis=(1, 2))
    transfer, spectra = (np.fft.rfft2(values, axes=(1, 2)) for values in (kernels, padded))
    error = np.fft.rfft2(target, axes=(0, 1)) - (transfer * spectra).sum(axis=0)
    spectra = spectra + transfer.conj() * (error / ((np.abs(transfer) ** 2).sum(axis=0) + strength))
    moved = np.fft.irfft2(spectra, s=size, axes=(1, 2))
    return np.clip(moved[:, MARGIN:-MARGIN, MARGIN:-MARGIN], 0, 1)


def main() -> None:
    """Print PSNR of the middle frame and of seven frames in the better direction, before and after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    groups = list(read_groups(folder))
    if not groups:
        parser.error(
            f"{folder} has no folder of {NUM_FRAMES} frames or more; give the folder that holds one for each sequence"
        )
    torch.set_num_threads(1)
    print("| camera | frames | as predicted | " + " | ".join(f"c = {strength:g}" for strength in STRENGTHS) + " |")
    print("|---|---|" + "---:|" * (1 + len(STRENGTHS)))
    for name in ("standard", "masked"):
        camera = Camera.from_config(CameraConfig.model_validate({"name": name, "optics": name}), NUM_FRAMES)
        cascade, found = CascadeInference.load(shipped_weights(name)), []
        for truth in groups:
            picture = camera.render(truth)
            given = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
            frames = cascade(given)[0].permute(0, 2, 3, 1).numpy()
            tried = [frames, *(make_consistent(frames, picture / 255, camera, strength) for strength in STRENGTHS)]
            found.append([_measure(values, truth) for values in tried])
        for kind, row in zip(("middle", "seven"), np.mean(found, axis=0).T, strict=True):
            print(f"| {name} | {kind} | " + " | ".join(f"{value:.2f}" for value in row) + " |")


def _measure(frames: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    codes = np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8)
    forward, backward = psnr(codes, truth), psnr(codes, truth[::-1])
    return float(forward[NUM_FRAMES // 2]), float(max(forward.mean(), backward.mean()))


if __name__ == "__main__":
    main()
