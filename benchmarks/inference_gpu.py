"""Inference on a GPU: frames a second at 720p and the share of the card's measured bfloat16 matrix rate.

Run as ``python benchmarks/inference_gpu.py``. It holds no limit. Without a GPU the same code runs in float32 on a
small picture, so that it is known to work; the numbers then say nothing of a GPU.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial

import torch
from inference import FAMILIES, HEIGHT, WIDTH, count_multiply_adds, make_cascade, naive_in_inference
from torch import Tensor
from training import matrix_rate, seconds_of

from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.inference import CascadeInference

NAIVE = "naive, one colour at a time"
OPTIONS: dict[str, dict[str, object]] = {
    "float32": {"precision": "float32", "channels_last": False},
    "bfloat16": {"precision": "bfloat16", "channels_last": False},
    "bfloat16, channels-last": {"precision": "bfloat16"},
    "bfloat16, channels-last, compiled": {"precision": "bfloat16", "compile": True},
}


def list_ways(family: str, device: torch.device) -> dict[str, Callable[[Tensor], Tensor]]:
    """What is measured: for the published cascade the naive version, then every option of the device."""
    ways: dict[str, Callable[[Tensor], Tensor]] = {}
    if family == "published":
        ways[NAIVE] = partial(naive_in_inference, make_cascade(family).to(device))
    on_gpu = device.type == "cuda"
    for way, options in OPTIONS.items():
        if on_gpu or options["precision"] == "float32":
            config = InferenceConfig.model_validate({"device": device.type, "compile": False, **options})
            ways[way] = CascadeInference(make_cascade(family), config)
    return ways


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="passes, of which the fastest counts (default: 5)")
    arguments = parser.parse_args()
    # As measured everywhere here: float32 is all of float32.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    height, width = (HEIGHT, WIDTH) if on_gpu else (48, 64)
    rate = matrix_rate(torch.bfloat16 if on_gpu else torch.float32, 8192 if on_gpu else 1024, device)
    name = torch.cuda.get_device_name() if on_gpu else "no GPU: float32 on the CPU instead"
    print(f"{name}: matrix product {rate / 1e12:.2f} Tflop/s\n")
    print(f"| cascade at {width} x {height} | way | frames a second | share of the matrix rate | times naive |")
    print("|---|---|---:|---:|---:|")
    blurry = torch.rand(1, 3, height, width, device=device)
    for family in FAMILIES:
        operations, naive = 2 * count_multiply_adds(make_cascade(family).to("meta"), blurry.to("meta")), None
        for way, run in list_ways(family, device).items():
            seconds = seconds_of(lambda run=run: run(blurry), arguments.repeats, device)  # type: ignore[misc]
            naive = seconds if way == NAIVE else naive
            speedup = "" if naive is None else f"{naive / seconds:.2f}"
            print(f"| {family} | {way} | {7 / seconds:.1f} | {operations / seconds / rate:.0%} | {speedup} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
