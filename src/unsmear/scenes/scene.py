"""A moving scene that can be looked at in any instant and over any exposure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from unsmear.scenes.config import ScenesConfig
from unsmear.scenes.layer import Layer
from unsmear.scenes.motion import Motion, random_motion
from unsmear.scenes.photographs import list_photographs
from unsmear.scenes.texture import random_light, random_outline, random_texture

SPLITS = ("train", "val", "test")


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
            matrix, affine = layer.matrix(time, self.centre), layer.motions[-1].focal_length is None
            warped = (cv2.warpAffine if affine else cv2.warpPerspective)(
                layer.texture,
                matrix[:2] if affine else matrix,
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
        paths = self._follow(xs, ys, (start + stop) / 2, np.linspace(start, stop, 33))
        lengths: np.ndarray = np.hypot(*np.moveaxis(np.diff(paths, axis=0), 2, 0)).sum(axis=0)
        return lengths

    def motion(self, number: int, to: int, stride: int = 1) -> np.ndarray:
        """Where the image points of one frame are in another, exactly.

        Parameters
        ----------
        number, to : frames, from 1; points are taken and found in the middle of the frames' open time
        stride : 1, or 2 for the centres of blocks of 2 x 2 pixels, the last of which goes on beyond an odd side

        Returns
        -------
        (ceil(H / stride), ceil(W / stride), 2) float32 displacements (x, y), pixels
        """
        offset, open_time = (stride - 1) / 2, self.shutter / 2
        xs, ys = np.arange(offset, self.width, stride), np.arange(offset, self.height, stride)
        found = self._follow(xs, ys, number - 1 + open_time, np.array([to - 1 + open_time]))[0]
        start = np.stack(np.meshgrid(xs, ys), axis=-1)
        return (found.reshape(start.shape) - start).astype(np.float32)

    def _follow(self, xs: np.ndarray, ys: np.ndarray, seen: float, times: np.ndarray) -> np.ndarray:
        """Places (len(times), len(ys) * len(xs), 2) of the image points that lie on a grid at the time ``seen``."""
        columns, rows = np.meshgrid(xs, ys)
        points = np.stack([columns.ravel(), rows.ravel(), np.ones(columns.size)])
        places = np.empty((len(times), points.shape[1], 2))
        for index, layer in enumerate(self.layers):
            on_layer = np.linalg.inv(layer.matrix(seen, self.centre)) @ points
            on_layer /= on_layer[2]
            column, row = np.rint(on_layer[:2]).astype(int)
            h, w = layer.texture.shape[:2]
            shown = (column >= 0) & (column < w) & (row >= 0) & (row < h)
            shown[shown] = layer.texture[row[shown], column[shown], 3] > 0.5
            if index == 0:
                shown[:] = True
            for place, time in zip(places, times, strict=True):
                moved = layer.matrix(float(time), self.centre) @ on_layer[:, shown]
                place[shown] = (moved[:2] / moved[2]).T
        return places


def make_scene(config: ScenesConfig, split: str, number: int, seed: int) -> Scene:
    """Compose scene ``number`` of a split; the same arguments give the same scene.

    Parameters
    ----------
    split : train, val or test; each has photographs of its own
    number : from 0
    seed : of the whole experiment
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), number])
    paths, recolour = list_photographs(config.photographs)[split], config.recolour * (split == "train")
    height, width = config.height, config.width
    duration = config.scene_frames(split)
    fastest = config.max_speed if config.min_speed is None else rng.uniform(config.min_speed, config.max_speed)
    if config.at_rest and split == "train" and rng.random() < config.at_rest:
        fastest = 0.0
    # Rotation and zoom slow down with the translation, so that a speed of 0 stands still.
    pace = min(1.0, fastest / 6)
    camera = random_motion(
        rng,
        duration,
        rng.uniform(0.15, 0.6) * fastest,
        rotation=0.06 * pace,
        zoom=0.05 * pace,
        focal_length=config.focal_length,
    )
    margin = height if config.native else height // 2
    background = random_texture(rng, paths, height + 2 * margin, width + 2 * margin, config.native, recolour)
    corner = ((width - background.shape[1]) / 2, (height - background.shape[0]) / 2)
    layers = [_opaque(background, corner, camera)]
    for _ in range(rng.integers(1, 4)):
        size = int(rng.uniform(0.4, 0.75) * min(height, width))
        own = random_motion(rng, duration, rng.uniform(0, 0.3) * fastest, rotation=0.2 * pace, zoom=0.05 * pace)
        texture = random_texture(rng, paths, size, size, config.native, recolour)
        outline = random_outline(rng, *texture.shape[:2])[..., None]
        near = camera.scaled(1 + rng.uniform(0, config.parallax)) if config.parallax else camera
        layers.append(_place(rng, config, np.dstack([texture * outline, outline]), (own, near), duration))
    if config.lights:
        still = random_motion(rng, duration, 0.0, rotation=0.0, zoom=0.0)
        layers += [
            _place(rng, config, random_light(rng), (still, camera), duration) for _ in range(rng.poisson(config.lights))
        ]
    return Scene(height, width, config.shutter, config.subframes, tuple(layers))


def _opaque(texture: np.ndarray, corner: tuple[float, float], motion: Motion) -> Layer:
    opacity = np.ones((*texture.shape[:2], 1), np.float32)
    return Layer(np.dstack([texture, opacity]), corner, (motion,))


def _place(
    rng: np.random.Generator, config: ScenesConfig, texture: np.ndarray, motions: tuple[Motion, Motion], duration: int
) -> Layer:
    """Put something where it is sure to be seen: it passes its place in the middle of the sequence."""
    h, w = texture.shape[:2]
    corner = (rng.uniform(0.1, 0.9) * config.width - w / 2, rng.uniform(0.1, 0.9) * config.height - h / 2)
    x, y = (motions[0].state(duration / 2) + motions[1].state(duration / 2))[:2]
    return Layer(texture, (corner[0] - x, corner[1] - y), motions)
