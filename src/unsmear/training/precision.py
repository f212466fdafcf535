"""In what numbers and on what device a training computes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field

import torch
from torch import nn

from unsmear.cache import cache_folder
from unsmear.files import write_json
from unsmear.kernels.build import NativeError, find_compiler
from unsmear.kernels.training import accelerate_training
from unsmear.networks.compilation import find_obstacle
from unsmear.provenance import describe_machine
from unsmear.training.config import TrainingConfig

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Precision:
    """Device and precision of one training process.

    Parameters
    ----------
    device : that the networks are on
    dtype : of weights, pictures and losses
    mixed : whether networks multiply in bfloat16 (automatic mixed precision)
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    mixed: bool = False

    @classmethod
    def choose(cls, config: TrainingConfig, local_rank: int = 0) -> Precision:
        """What ``config`` asks for on this machine.

        Raises
        ------
        ValueError
            If a GPU is asked for and there is none, or fewer than processes.
        """
        num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if config.device == "cuda" and not num_gpus:
            raise ValueError("training.device is cuda, but torch sees no GPU; set it to auto or cpu")
        use_gpu = config.device != "cpu" and num_gpus > 0
        if use_gpu and local_rank >= num_gpus:
            raise ValueError(
                f"training.gpus is {config.gpus}, but torch sees {num_gpus}; lower it or set device to cpu"
            )
        device = torch.device("cuda", local_rank) if use_gpu else torch.device("cpu")
        mixed = config.precision == "bfloat16" or (
            config.precision == "auto" and multiplies_bfloat16(device) and gains_from_bfloat16(device)
        )
        return cls(device, torch.float64 if config.precision == "float64" else torch.float32, mixed)

    def autocast(self) -> AbstractContextManager[object]:
        """Mixed precision for the networks inside the block, if it is on."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.mixed else nullcontext()

    @property
    def name(self) -> str:
        """As in the configuration."""
        return "bfloat16" if self.mixed else str(self.dtype).removeprefix("torch.")


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the processor itself has bfloat16 products: elsewhere they are imitated, slower than float32.

    True for GPUs from Ampere on, and for CPUs with AVX512-BF16 or AMX.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


def gains_from_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 measures faster on a CPU, by more than a tenth; a GPU that multiplies it always gains.

    Processors may have it where the library of their convolutions does not use it. Half a second, once for a
    processor: on a busy machine another measurement may come out otherwise, and a training that resumes must
    compute as it began.
    """
    if device.type != "cpu":
        return True
    known = f"{describe_machine()['processor']}, torch {torch.__version__}"
    path = cache_folder() / "bfloat16" / f"{hashlib.sha256(known.encode()).hexdigest()[:16]}.json"
    try:
        gains = json.loads(path.read_text(encoding="utf-8"))["gains"] is True
    except (OSError, ValueError, KeyError, TypeError):
        gains = _seconds_of_convolution(mixed=False) > 1.1 * _seconds_of_convolution(mixed=True)
        with suppress(OSError):
            write_json(path, {"processor": known, "gains": gains})
    if not gains:
        logger.info("precision: auto takes float32, as this processor is not faster in bfloat16")
    return gains


def _seconds_of_convolution(mixed: bool) -> float:
    """Of a convolution and its gradients, as large as in a small network's step; the best of five."""
    kernel = torch.zeros(48, 48, 3, 3, requires_grad=True)
    pictures = torch.zeros(4, 48, 64, 64, requires_grad=True)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            result = torch.nn.functional.conv2d(pictures, kernel, padding=1)
        result.float().sum().backward()
        times.append(time.perf_counter() - started)
    return min(times)


def set_determinism(config: TrainingConfig) -> None:
    """Make a GPU repeat its results, or let it choose the fastest algorithms; call it before the GPU is used."""
    if not config.deterministic:
        torch.backends.cudnn.benchmark = True
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)


def should_compile(config: TrainingConfig, device: torch.device) -> bool:
    """Whether the network is compiled: where asked for, or on a GPU where that works; the log says where not."""
    if config.compile != "auto":
        return config.compile
    if device.type != "cuda":
        return False
    obstacle = find_obstacle(device.type)
    if obstacle:
        logger.warning(
            "compile: auto goes on without torch.compile, which fails here (%s); with a C compiler and Python's "
            "headers (gcc, python3-dev) trainings are faster",
            obstacle,
        )
    return obstacle is None


def use_kernels(config: TrainingConfig, network: nn.Module, device: torch.device) -> int:
    """Let the network train by kernels of our own where they serve; how many of its parts do."""
    if not config.kernels or device.type != "cpu" or find_compiler() is None:
        return 0
    try:
        return accelerate_training(network)
    except NativeError as error:
        logger.warning("the training runs slower than it could: %s", error)
        return 0
