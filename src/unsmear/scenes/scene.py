"""A moving scene that can be looked at in any instant and over any exposure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.motion import Motion, random_motion
from unsmear.scenes.photographs import PHOTOGRAPHS
from unsmear.scenes.texture import random_outline, random_texture

SPLITS = ("train", "val", "test")


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


@dataclass(frozen=True)
class Scene:
    """Background and foreground objects in front of a shaken camera.

    Times are in frames: frame i (from 1) begins at i - 1. Light is linear, full scale is 1.
    """

    height: int
    width: int
    shutter: float
    subframes: int
    layers: tuple[Layer, ...]

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the optical axis, pixels."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    def instant(self, time: float) -> np.ndarray:
        """(H, W, 3) float32 picture of the scene at one instant."""
        picture = np.zeros((self.height, self.width, 3), np.float32)
        for index, layer in enumerate(self.layers):
            warped = cv2.warpAffine(
                layer.texture,
                layer.matrix(time, self.centre)[:2],
                (self.width, self.height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101 if index == 0 else cv2.BORDER_CONSTANT,
            )
            picture = picture * (1 - warped[..., 3:]) + warped[..., :3]
        return picture

    def integrate(self, start: float, stop: float, samples: int) -> np.ndarray:
        """Mean picture between two times, by the midpoint rule.

        Parameters
        ----------
        start, stop : frames
        samples : number of instants, spread evenly

        Returns
        -------
        (H, W, 3) float32 in [0, 1]
        """
        times = start + (stop - start) * (np.arange(samples) + 0.5) / samples
        total = np.zeros((self.height, self.width, 3), np.float64)
        for time in times:
            total += self.instant(float(time))
        return (total / samples).astype(np.float32)

    def sharp_frame(self, number: int) -> np.ndarray:
        """Frame ``number`` (from 1) as the fast camera records it, (H, W, 3) float32 in [0, 1]."""
        return self.integrate(number - 1, number - 1 + self.shutter, self.subframes)

    def travel(self, start: float, stop: float, grid: int = 9) -> np.ndarray:
        """Length of the paths of image points between two times.

        Each point of a grid belongs to the front-most layer that covers it half-way.

        Returns
        -------
        (grid * grid,) pixels
        """
        xs = np.linspace(0.05, 0.95, grid) * (self.width - 1)
        ys = np.linspace(0.05, 0.95, grid) * (self.height - 1)
        points = np.stack([*(a.ravel() for a in np.meshgrid(xs, ys)), np.ones(grid * grid)])
        lengths = np.zeros(grid * grid)
        times = np.linspace(start, stop, 33)
        for index, layer in enumerate(self.layers):
            on_layer = np.linalg.inv(layer.matrix((start + stop) / 2, self.centre)) @ points
            paths = np.stack([(layer.matrix(float(t), self.centre) @ on_layer)[:2] for t in times])
            own = np.hypot(*np.moveaxis(np.diff(paths, axis=0), 1, 0)).sum(axis=0)
            column, row = np.rint(on_layer[:2]).astype(int)
            h, w = layer.texture.shape[:2]
            inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
            opacity = np.zeros(grid * grid)
            opacity[inside] = layer.texture[row[inside], column[inside], 3]
            lengths = np.where((index == 0) | (opacity > 0.5), own, lengths)
        return lengths


def make_scene(config: ScenesConfig, split: str, number: int, seed: int) -> Scene:
    """Compose scene ``number`` of a split; the same arguments give the same scene.

    Parameters
    ----------
    split : train, val or test; each has photographs of its own
    number : from 0
    seed : of the whole experiment
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), number])
    names, recolour = PHOTOGRAPHS[split], split == "train"
    height, width = config.height, config.width
    duration = config.num_frames(split)
    # Rotation and zoom slow down with the translation, so that a speed of 0 stands still.
    pace = min(1.0, config.max_speed / 6)
    camera = random_motion(
        rng, duration, rng.uniform(0.15, 0.6) * config.max_speed, rotation=0.06 * pace, zoom=0.05 * pace
    )
    margin = height // 2
    background = random_texture(rng, names, height + 2 * margin, width + 2 * margin, recolour)
    layers = [_opaque(background, (-margin, -margin), camera)]
    for _ in range(rng.integers(1, 4)):
        size = int(rng.uniform(0.4, 0.75) * min(height, width))
        own = random_motion(
            rng, duration, rng.uniform(0, 0.3) * config.max_speed, rotation=0.2 * pace, zoom=0.05 * pace
        )
        texture = random_texture(rng, names, size, size, recolour)
        outline = random_outline(rng, size, size)[..., None]
        corner = (rng.uniform(0.1, 0.9) * width - size / 2, rng.uniform(0.1, 0.9) * height - size / 2)
        # The object passes its place in the middle of the sequence, where it is sure to be seen.
        x, y = (own.state(duration / 2) + camera.state(duration / 2))[:2]
        layers.append(Layer(np.dstack([texture * outline, outline]), (corner[0] - x, corner[1] - y), (own, camera)))
    return Scene(height, width, config.shutter, config.subframes, tuple(layers))


def _opaque(texture: np.ndarray, corner: tuple[float, float], motion: Motion) -> Layer:
    opacity = np.ones((*texture.shape[:2], 1), np.float32)
    return Layer(np.dstack([texture, opacity]), corner, (motion,))
