"""Run a trained cascade on blurry pictures and round its frames to 8 bit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unsmear.evaluation.config import EvaluationConfig

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    import torch

    from unsmear.cascade.cascade import Cascade


class Predictor:
    """A cascade that takes and gives 8-bit pictures.

    Parameters
    ----------
    weights : the stages' ``weights.safetensors``, in the cascade's order
    config : device, precision, batch and tiles
    """

    def __init__(self, weights: Sequence[str | Path], config: EvaluationConfig | None = None) -> None:
        from unsmear.cascade.inference import CascadeInference

        self.config = config or EvaluationConfig()
        self.inference = CascadeInference.load(weights, self.config)
        self.device: str = self.inference.device.type
        self.num_frames = self.inference.num_frames

    @property
    def cascade(self) -> Cascade:
        """The networks."""
        return self.inference.cascade

    @property
    def middle(self) -> int:
        """Number of the middle frame, counted from 1."""
        return (self.num_frames + 1) // 2

    def __call__(self, blurry: np.ndarray, middle: np.ndarray | None = None) -> torch.Tensor:
        """Predicted frames (B, N, 3, H, W) uint8 of pictures (B, H, W, 3) uint8, on the device.

        ``middle`` (B, H, W, 3) uint8 gives the true middle frames to the outer stages: what the
        cascade would reach with a perfect first stage.
        """
        import torch

        parts = []
        for start in range(0, len(blurry), self.config.batch_size):
            chosen = slice(start, start + self.config.batch_size)
            known = None if middle is None else self._to_device(middle[chosen])
            frames = self._forward_what_fits(self._to_device(blurry[chosen]), known)
            parts.append((frames.clamp(0, 1) * 255).round().to(torch.uint8))
        return torch.cat(parts)

    def _to_device(self, pictures: np.ndarray) -> torch.Tensor:
        import torch

        # A copy: stores are read-only memory maps, which torch warns about.
        tensor = torch.from_numpy(np.array(pictures)).to(self.device)
        return tensor.permute(0, 3, 1, 2).float() / 255

    def _forward_what_fits(self, blurry: torch.Tensor, middle: torch.Tensor | None) -> torch.Tensor:
        """Whole pictures, fewer at a time where a GPU's memory is short; tiles are for the user to choose."""
        import torch

        try:
            return self._forward(blurry, middle)
        except torch.OutOfMemoryError:
            if len(blurry) == 1:
                height, width = blurry.shape[-2:]
                raise ValueError(
                    f"one picture of {width} x {height} px does not fit into the memory of {self.device}; set "
                    "evaluation.precision: bfloat16, or evaluation.tile_size, and compare evaluation/*/differences.json"
                ) from None
        torch.cuda.empty_cache()
        half = len(blurry) // 2
        log.warning("%d pictures at once do not fit into memory, going on with %d", len(blurry), half)
        parts = [slice(0, half), slice(half, None)]
        return torch.cat(
            [self._forward_what_fits(blurry[part], None if middle is None else middle[part]) for part in parts]
        )

    def _forward(self, blurry: torch.Tensor, middle: torch.Tensor | None) -> torch.Tensor:
        from unsmear.evaluation.tiles import over_tiles

        if self.config.tile_size is None:
            return self._run(blurry, middle)
        return over_tiles(self._run, blurry, middle, self.config.tile_size, self.config.tile_overlap)

    def _run(self, blurry: torch.Tensor, middle: torch.Tensor | None) -> torch.Tensor:
        return self.inference(blurry, None if middle is None else {self.middle: middle})
