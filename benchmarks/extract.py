"""Frames a second from an archive to a store, beside decoding the same PNGs alone.

Fails where extraction is slower than `LIMIT` of decoding alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
from skimage import data as photographs

from unsmear.frames.extract import extract_sequence

LIMIT = 0.85


def make_pngs(count: int, height: int, width: int) -> list[bytes]:
    """PNGs of a photograph that moves, with a little noise, as a camera's frames have."""
    rng = np.random.default_rng(0)
    photograph = cv2.resize(photographs.astronaut(), (width + 4 * count, height), interpolation=cv2.INTER_CUBIC)
    pngs = []
    for k in range(count):
        frame = photograph[:, 4 * k : 4 * k + width].astype(np.float32)
        frame = np.clip(frame + rng.normal(0, 1.5, frame.shape), 0, 255).astype(np.uint8)
        pngs.append(cv2.imencode(".png", frame[..., ::-1])[1].tobytes())
    return pngs


def time_decoding(pngs: list[bytes]) -> float:
    """Seconds to decode all, and no more."""
    start = time.perf_counter()
    for png in pngs:
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return time.perf_counter() - start


def time_extraction(archive: Path, output: Path) -> float:
    """Seconds from the zip to the finished store, which is a new file, as in the workflow."""
    output.unlink(missing_ok=True)
    start = time.perf_counter()
    extract_sequence(archive, "train", "000", output)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder by default")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pngs = make_pngs(arguments.frames, 720, 1280)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        archive, output = Path(folder) / "train_orig_part0.zip", Path(folder) / "000.npy"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for number, png in enumerate(pngs):
                packed.writestr(f"train/train_orig/000/{number:08d}.png", png)
        time_decoding(pngs), time_extraction(archive, output)
        # In turn, so that a busy machine slows both alike.
        pairs = [(time_decoding(pngs), time_extraction(archive, output)) for _ in range(arguments.repeats)]
    # The fastest of each: whatever else the machine does only ever adds time.
    alone, extracted = (arguments.frames / min(times) for times in zip(*pairs, strict=True))
    ratio = extracted / alone
    print(f"{arguments.frames} frames of 1280 x 720, {sum(map(len, pngs)) / len(pngs) / 1e6:.2f} MB a PNG, one core")
    print(f"decoding alone  {alone:7.1f} frames/s")
    print(f"extract_sequence{extracted:7.1f} frames/s, {ratio:.0%} of decoding alone (limit {LIMIT:.0%})")
    if ratio < LIMIT:
        print("extraction is below its limit", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
