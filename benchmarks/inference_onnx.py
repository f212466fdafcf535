"""The shipped cascades as ONNX files beside torch: bytes, seconds and how far their frames differ.

Run as ``python benchmarks/inference_onnx.py``; without the packages of the extra `onnx` and onnxruntime it says so and
ends with 0.
Ends with 1 where frames differ by more than 1e-3.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch
from inference import time_in_turn

from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference
from unsmear.weights.load import CAMERAS, shipped_weights

LARGEST_DIFFERENCE = 1e-3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", nargs="+", choices=CAMERAS, default=CAMERAS, help="default: both")
    parser.add_argument("--sizes", nargs="+", default=["256x256", "360x640"], help="HEIGHTxWIDTH, px")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, of which the fastest counts (default: 3)")
    parser.add_argument("--threads", type=int, default=1, help="of either (default: 1)")
    options = parser.parse_args()
    if find_spec("onnxruntime") is None or find_spec("onnxscript") is None:
        print("not run: the packages of the extra `onnx` or onnxruntime are missing")
        return 0
    import onnxruntime

    from unsmear.export.onnx import export_onnx

    torch.set_num_threads(options.threads)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    worst = 0.0
    print("| camera | ONNX file, MB | weights files, MB | ONNX / weights |")
    print("|---|---:|---:|---:|")
    sessions = {}
    for camera in options.cameras:
        weights = shipped_weights(camera)
        with tempfile.TemporaryDirectory() as folder:
            path = export_onnx(weights, Path(folder) / "cascade.onnx")
            theirs, ours = path.stat().st_size, sum(file.stat().st_size for file in weights)
            print(f"| {camera} | {theirs / 1e6:.2f} | {ours / 1e6:.2f} | {theirs / ours:.2f} |")
            sessions[camera] = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    print(f"\n| camera | picture, {options.threads} threads | torch, s | onnxruntime, s | ratio | difference |")
    print("|---|---|---:|---:|---:|---:|")
    for camera, session in sessions.items():
        run = CascadeInference.load(shipped_weights(camera), InferenceConfig(device="cpu"))
        for size in options.sizes:
            height, width = map(int, size.split("x"))
            blurry = torch.rand(1, 3, height, width)
            given = {"blurry": blurry.numpy()}
            difference = float((run(blurry) - torch.from_numpy(session.run(None, given)[0])).abs().max())
            calls = [lambda x=blurry, run=run: run(x), lambda x=given, session=session: session.run(None, x)]  # type: ignore[misc]
            torch_s, onnx_s = time_in_turn(calls, options.repeats)
            ratio = f"{onnx_s / torch_s:.2f}"
            print(f"| {camera} | {height} x {width} | {torch_s:.2f} | {onnx_s:.2f} | {ratio} | {difference:.0e} |")
            worst = max(worst, difference)
    print("all limits kept" if worst <= LARGEST_DIFFERENCE else "A LIMIT IS MISSED")
    return 0 if worst <= LARGEST_DIFFERENCE else 1


if __name__ == "__main__":
    sys.exit(main())
