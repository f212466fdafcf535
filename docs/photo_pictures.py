"""Make the pictures of docs/photos.md anew, after the shipped weights have changed.

Run as ``python docs/photo_pictures.py FOLDER``, where FOLDER holds ``train_orig_part1.zip`` and ``val_orig_part0.zip``
in REDS' layout, made of the GoPro set at half its size. Without FOLDER those of the samples alone are made. What is
printed beside a name is the PSNR of the blurry picture and of the predicted middle frame to the true one.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import unsmear
from unsmear.evaluation.psnr import psnr
from unsmear.photos.side_by_side import side_by_side

IMAGES = Path(__file__).parent / "images"
SAMPLES = Path(unsmear.__file__).parent / "photos/samples"
# Archive and sequence.
REAL = {
    "street": ("val_orig_part0.zip", "000"),
    "crossing": ("train_orig_part1.zip", "015"),
    "fast": ("val_orig_part0.zip", "001"),
}


def read_frames(archive: Path, sequence: str, number: int = 7) -> np.ndarray:
    """The first frames of a sequence, (number, H, W, 3) uint8 RGB."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if f"/{sequence}/" in name and name.endswith(".png"))
        codes = [np.frombuffer(file.read(name), np.uint8) for name in names[:number]]
    return np.stack([cv2.imdecode(code, cv2.IMREAD_COLOR_RGB) for code in codes])


def write(name: str, blurry: np.ndarray, sharp: np.ndarray) -> None:
    """The pair as a JPEG."""
    Image.fromarray(side_by_side(blurry, sharp)).save(IMAGES / f"photo-{name}.jpg", quality=85, optimize=True)


def main() -> None:
    """Write docs/images/photo-*.jpg."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="with the archives")
    options = parser.parse_args()
    for name in ("cat", "rocket", "clock"):
        result = unsmear.reconstruct(SAMPLES / f"{name}.jpg", frames=4, device="cpu")
        write(name, result.blurry, result.frames[0])
    for name, (archive, sequence) in REAL.items() if options.folder else ():
        frames = read_frames(options.folder / archive, sequence)
        blurry = np.rint(frames.mean(axis=0)).astype(np.uint8)
        sharp = unsmear.reconstruct(blurry, frames=4, device="cpu").frames[0]
        print(f"{name}: {psnr(blurry, frames[3]):.2f} to {psnr(sharp, frames[3]):.2f} dB")
        write(name, blurry, sharp)


if __name__ == "__main__":
    main()
