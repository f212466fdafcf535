"""Run a trained cascade on blurry pictures and round its frames to 8 bit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unsmear.evaluation.config import EvaluationConfig

if TYPE_CHECKING:
    import torch


def choose_device(config: EvaluationConfig) -> str:
    """``cpu`` or ``cuda``, as configured and present."""
    import torch

    present = torch.cuda.is_available()
    if config.device == "cuda" and not present:
        raise ValueError("evaluation.device is cuda, but torch sees no GPU; set it to auto or cpu")
    return "cuda" if present and config.device != "cpu" else "cpu"


class Predictor:
    """A cascade that takes and gives 8-bit pictures.

    Parameters
    ----------
    weights : the stages' ``weights.safetensors``, in the cascade's order
    config : device, precision, batch and tiles
    """

    def __init__(self, weights: Sequence[str | Path], config: EvaluationConfig | None = None) -> None:
        from unsmear.cascade.cascade import Cascade

        self.config = config or EvaluationConfig()
        self.device = choose_device(self.config)
        self.cascade: Any = Cascade.load([Path(path) for path in weights])
        self.cascade.to(self.device).eval()
        self.num_frames: int = self.cascade.num_frames

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
            frames = self._forward(self._to_device(blurry[chosen]), known)
            parts.append((frames.float().clamp(0, 1) * 255).round().to(torch.uint8))
        return torch.cat(parts)

    def _to_device(self, pictures: np.ndarray) -> torch.Tensor:
        import torch

        # A copy: stores are read-only memory maps, which torch warns about.
        tensor = torch.from_numpy(np.array(pictures)).to(self.device)
        return tensor.permute(0, 3, 1, 2).float() / 255

    def _forward(self, blurry: torch.Tensor, middle: torch.Tensor | None) -> torch.Tensor:
        import torch

        from unsmear.evaluation.tiles import over_tiles

        bfloat16 = self.config.precision == "bfloat16"
        autocast = torch.autocast(self.device, torch.bfloat16) if bfloat16 else nullcontext()
        with torch.inference_mode(), autocast:
            if self.config.tile_size is None:
                return self._run(blurry, middle)
            return over_tiles(self._run, blurry, middle, self.config.tile_size, self.config.tile_overlap)

    def _run(self, blurry: torch.Tensor, middle: torch.Tensor | None) -> torch.Tensor:
        if middle is None:
            return self.cascade(blurry)
        return self.cascade(blurry, known={self.middle: middle})
