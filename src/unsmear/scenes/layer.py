"""A textured sheet that moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unsmear.scenes.motion import Motion


@dataclass(frozen=True)
class Layer:
    """A textured sheet with its outline, where it lies at time 0, and how it moves.

    ``texture`` (h, w, 4) float32, colours premultiplied by the last channel, the opacity;
    ``corner`` (x, y) of its first sample in the picture at time 0, pixels;
    ``motions`` are applied in order, the last one is the camera's.
    """

    texture: np.ndarray
    corner: tuple[float, float]
    motions: tuple[Motion, ...]

    def matrix(self, time: float, centre: tuple[float, float]) -> np.ndarray:
        """(3, 3) transform of texture coordinates to picture coordinates at ``time``."""
        h, w = self.texture.shape[:2]
        matrix = np.array([[1, 0, self.corner[0]], [0, 1, self.corner[1]], [0, 0, 1.0]])
        own_centre = (self.corner[0] + (w - 1) / 2, self.corner[1] + (h - 1) / 2)
        for motion in self.motions[:-1]:
            matrix = motion.matrix(time, own_centre) @ matrix
        return self.motions[-1].matrix(time, centre) @ matrix
