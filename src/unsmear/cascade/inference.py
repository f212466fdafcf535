"""One object that runs a cascade as fast as its device allows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor

from unsmear.cascade.cascade import Cascade, predict_frames
from unsmear.cascade.config import InferenceConfig
from unsmear.cascade.self_ensemble import choose_views
from unsmear.cascade.stage import Stage
from unsmear.kernels.accelerate import accelerate
from unsmear.kernels.build import VECTORS, NativeError, find_compiler
from unsmear.networks.build import compile_blocks
from unsmear.networks.compilation import find_obstacle
from unsmear.networks.joint import JointNetwork

log = logging.getLogger(__name__)

COMPILE_FROM = 200


class CascadeInference:
    """A cascade with its device, precision, memory order and way to run its blocks chosen.

    Parameters
    ----------
    cascade : put into evaluation mode and moved to the device; its weights are read here, once
    config : options; ``auto`` is resolved here
    num_pictures : pictures that will be run, as far as known; compiling pays off for many

    Attributes
    ----------
    device, dtype, channels_last, compile, kernels : what was chosen

    Raises
    ------
    ValueError
        If a GPU is asked for and there is none, or kernels where they cannot serve, or a self-ensemble where no stage
        predicts the middle frame alone.
    NativeError
        If kernels are asked for and cannot be compiled.
    """

    def __init__(
        self, cascade: Cascade, config: InferenceConfig | None = None, num_pictures: int | None = None
    ) -> None:
        config = config or InferenceConfig()
        self.device = choose_device(config.device)
        on_gpu = self.device.type == "cuda"
        half = config.precision == "bfloat16" or (
            config.precision == "auto" and on_gpu and torch.cuda.is_bf16_supported(including_emulation=False)
        )
        self.dtype = torch.bfloat16 if half else torch.float32
        joint = all(stage.spec.network.kind in ("joint", "motion") for stage in cascade.stages)  # type: ignore[union-attr, operator]
        # On a CPU, compiling gains nothing with joint networks on small pictures.
        pays_off = num_pictures is not None and num_pictures >= COMPILE_FROM and (on_gpu or not joint)
        self.cascade = cascade.eval().to(self.device)
        for network in cascade.modules():
            if isinstance(network, JointNetwork):
                network.attend_locally(config.attention_window)
        self._take_views(config.self_ensemble)
        self.kernels = self._accelerate(config)
        helps = pays_off and not self.kernels and find_compiler() is not None
        helps = helps and (not on_gpu or find_obstacle(self.device.type) is None)
        self.compile = helps if config.compile == "auto" else config.compile
        chosen = config.channels_last
        # All but torch's own instance norm is faster with channels innermost; in blocks that are put
        # together in one of the two ways, that is too.
        self.channels_last = on_gpu or joint or self.compile or self.kernels if chosen == "auto" else chosen
        self._format = torch.channels_last if self.channels_last else torch.contiguous_format
        self.cascade.to(memory_format=self._format)  # type: ignore[call-overload]
        if self.compile:
            compile_blocks(self.cascade)

    def _take_views(self, number: int) -> None:
        middle = ((self.num_frames + 1) // 2,)
        stages: list[Stage] = [stage for stage in self.cascade.stages if stage.spec.predicts == middle]  # type: ignore[misc, union-attr]
        if number > 1 and not stages:
            raise ValueError(
                f"self_ensemble is {number}, but none of these networks predicts the middle frame alone, which is what "
                "is averaged; set it to 1"
            )
        for stage in stages:
            stage.views = choose_views(number, stage.symmetries)

    def _accelerate(self, config: InferenceConfig) -> bool:
        serves = self.device.type == "cpu" and self.dtype is torch.float32
        if config.kernels is True:
            if not (serves and accelerate(self.cascade)):
                raise ValueError(
                    f"kernels is true, but the device is {self.device.type}, the precision is {self.dtype}, and they "
                    "serve float32 on a CPU: published networks whose width their vectors divide, and joint networks; "
                    "set it to auto"
                )
            return True
        fast = torch.backends.cpu.get_cpu_capability() in VECTORS and find_compiler() is not None
        if config.kernels is False or config.compile is True or not serves or not fast:
            return False
        try:
            return accelerate(self.cascade) > 0
        except NativeError as error:
            log.warning("the networks run slower than they could: %s", error)
            return False

    @classmethod
    def load(
        cls,
        paths: Sequence[str | Path],
        config: InferenceConfig | None = None,
        num_pictures: int | None = None,
    ) -> CascadeInference:
        """Rebuild a cascade from its weights files and make it ready to run."""
        return cls(Cascade.load(paths), config, num_pictures)

    @property
    def num_frames(self) -> int:
        """Frames that one blurry image becomes."""
        return self.cascade.num_frames

    def __call__(self, blurry: Tensor, known: Mapping[int, Tensor] | None = None) -> Tensor:
        """Predict every frame, (B, N, 3, H, W) float32, not clipped; see :meth:`predict_frames`."""
        frames, _ = self.predict_frames(blurry, known)
        return torch.stack([frames[number] for number in range(1, self.num_frames + 1)], dim=1)

    def predict_frames(
        self, blurry: Tensor, known: Mapping[int, Tensor] | None = None
    ) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
        """Predict every frame, and the motion of those whose networks predict it.

        Parameters
        ----------
        blurry : (B, 3, H, W), full scale 1, on any device
        known : frames given instead of predicted, number (from 1) to (B, 3, H, W)

        Returns
        -------
        frames : number to (B, 3, H, W) float32 on the object's device, not clipped
        motion : as :func:`~unsmear.cascade.cascade.predict_frames`
        """
        given = None if known is None else {frame: self._place(picture) for frame, picture in known.items()}
        half = self.dtype is not torch.float32
        # Convolutions on a GPU round their factors to 10 bits unless told not to: float32 means all of it.
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=half)
        autocast = torch.autocast(self.device.type, self.dtype) if half else nullcontext()
        with torch.inference_mode(), autocast, exact:
            frames, motion = predict_frames(self.cascade.stages, self._place(blurry), given)  # type: ignore[arg-type]
        return {number: frame.float() for number, frame in frames.items()}, motion

    def _place(self, picture: Tensor) -> Tensor:
        return picture.to(self.device, torch.float32).contiguous(memory_format=self._format)


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` takes CUDA, else Apple's ``mps``, else the CPU.

    Raises
    ------
    ValueError
        If a GPU is asked for and there is none.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, found in present.items() if found))
    if not present[name]:
        raise ValueError(f"device is {name}, but torch sees no GPU of that kind; set it to auto or cpu")
    return torch.device(name)
