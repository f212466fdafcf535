"""What a system costs to run."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.evaluation.config import EvaluationConfig
from unsmear.files import write_json


def measure_cost(
    weights: Sequence[str | Path],
    height: int,
    width: int,
    output: str | Path,
    config: EvaluationConfig | None = None,
    num_repeats: int = 3,
) -> None:
    """Write parameters, multiply-adds, seconds and peak memory of a system as JSON.

    Parameters
    ----------
    weights : ``weights.safetensors`` of its stages
    height, width : size of the picture, px
    output : the JSON file; ``seconds`` and ``peak_memory_mib`` depend on the machine, the rest not
    num_repeats : the fastest of so many passes counts, after one that warms up

    Notes
    -----
    Multiply-adds are those of convolutions and matrix products, half of torch's count of floating
    point operations. Memory is what the first pass adds to the process on a CPU (empty where the system
    does not tell) and what torch allocates on a GPU.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from unsmear.evaluation.predict import Predictor

    config = (config or EvaluationConfig()).model_copy(update={"batch_size": 1})
    predictor = Predictor(weights, config)
    picture = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    # The very first pass: later ones reuse memory that the process has by then.
    before = _start_peak(predictor.device)
    predictor(picture)
    peak = _read_peak(predictor.device)
    # What the network asks for, not what a faster algorithm makes of it; the counter knows torch's own layers.
    plain = Predictor(weights, config.model_copy(update={"kernels": False}))
    with FlopCounterMode(display=False) as counter:
        plain(picture)
    seconds = []
    for _ in range(num_repeats):
        started = time.perf_counter()
        predictor(picture)
        if predictor.device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    num_frames = predictor.num_frames
    cost: dict[str, Any] = {
        "format_version": 1,
        "height": height,
        "width": width,
        "num_frames": num_frames,
        "parameters": sum(p.numel() for p in predictor.cascade.parameters()),
        "multiply_adds": counter.get_total_flops() // 2,
        "multiply_adds_per_frame": counter.get_total_flops() // 2 // num_frames,
        "seconds": min(seconds),
        "seconds_per_frame": min(seconds) / num_frames,
        "peak_memory_mib": None if peak is None else round(max(0.0, peak - before), 1),
        "device": predictor.device,
        "precision": str(predictor.inference.dtype).removeprefix("torch."),
        "num_threads": torch.get_num_threads(),
    }
    write_json(output, cost)


def _start_peak(device: str) -> float:
    """Forget the highest memory use so far; the present use in MiB."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return 0.0
    try:
        # 5 resets the process's high-water mark (Linux).
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return _read_peak(device) or 0.0


def _read_peak(device: str) -> float | None:
    """Highest memory use since :func:`_start_peak` in MiB; None where the system does not tell."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)
