"""Scenes at rest: how near the frames stay to photographs that are sharp already.

Run as ``python benchmarks/sharp.py``, with a folder of photographs as argument for others than those of scikit-image.
Of each, the middle 384 x 384 px (or what there is) stand still before the camera: a standard one records them as they
are, a masked one through its mean PSF. A network that has learned to sharpen changes what is grainy or a little soft,
so this tells how much, beside the Wiener filter, with the constant chosen on val as in the tables, and with the one
that is best for each picture; no limit is held.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import skimage

from unsmear.evaluation.baselines import deblur
from unsmear.evaluation.psnr import psnr
from unsmear.optics.camera import Camera
from unsmear.optics.config import CameraConfig
from unsmear.photos.picture import Picture, read_picture
from unsmear.photos.reconstructor import Reconstructor

SIDE, NUM_FRAMES = 384, 7
CONSTANTS = np.geomspace(1e-4, 1, 9)
# wiener_k of evaluation/input_masked/baselines.json with config/general.yaml.
CHOSEN = 0.006
PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


def cut_middle(pixels: np.ndarray) -> np.ndarray:
    """The middle SIDE x SIDE px of (H, W, 3), or what there is."""
    top, left = (max(0, (length - SIDE) // 2) for length in pixels.shape[:2])
    return pixels[top : top + SIDE, left : left + SIDE]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="of photographs; default: scikit-image's")
    parser.add_argument("--weights", type=Path, nargs="+", help="default: the shipped ones")
    parser.add_argument("--camera", choices=("standard", "masked"), default="standard")
    options = parser.parse_args()
    if options.folder:
        paths = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    else:
        paths = [Path(skimage.__file__).parent / "data" / name for name in PHOTOGRAPHS]
    reconstructor = Reconstructor(options.camera, options.weights, "cpu")
    camera = Camera.from_config(CameraConfig(name=options.camera, optics=options.camera), NUM_FRAMES)
    middle, worst, linear, chosen = [], [], [], []
    for path in paths:
        picture = cut_middle(read_picture(path).pixels)
        recorded = camera.render(np.repeat(picture[None], camera.num_frames, axis=0))
        linear.append(max(float(psnr(deblur(recorded, camera, k), picture)) for k in CONSTANTS))
        chosen.append(float(psnr(deblur(recorded, camera, CHOSEN), picture)))
        result = reconstructor(Picture(recorded))
        scores = [float(psnr(frame, picture)) for frame in result.frames]
        middle.append(scores[result.middle])
        worst.append(min(scores))
        print(
            f"{path.name}: middle {middle[-1]:.1f}, least of seven {worst[-1]:.1f}, "
            f"Wiener {chosen[-1]:.1f}, at best {linear[-1]:.1f} dB",
            flush=True,
        )
    # A standard camera leaves the filter nothing to do.
    filters = [("Wiener, constant of val", chosen), ("Wiener, best for each", linear)]
    rows = filters if options.camera == "masked" else []
    print("\n| frame | least | 10% | median | 90% | above 40 dB |\n|---|---:|---:|---:|---:|---:|")
    for name, scores in (("middle", middle), ("least of seven", worst), *rows):
        low, tenth, half, most = (np.percentile(scores, q) for q in (0, 10, 50, 90))
        above = sum(score > 40 for score in scores)
        print(f"| {name} | {low:.1f} | {tenth:.1f} | {half:.1f} | {most:.1f} | {above} of {len(scores)} |")


if __name__ == "__main__":
    main()
