"""Layers of a scene: pieces of photographs, recoloured and cut out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from unsmear.scenes.photographs import load_photograph


def random_texture(
    rng: np.random.Generator, paths: tuple[Path, ...], height: int, width: int, native: bool, recolour: float
) -> np.ndarray:
    """Cut a random piece out of a random photograph.

    Parameters
    ----------
    paths : photographs to choose from
    height, width : size of the piece, pixels
    native : cut the piece at its own sampling or reduce it, by a factor from 1 to the whole photograph; the piece
        is smaller where the photograph is. Otherwise about half of the photograph is resized to the piece and smoothed
    recolour : probability of mixed colours, and of flips; few photographs then teach motion, not their own colours

    Returns
    -------
    (height, width, 3) float32 in [0, 1]
    """
    photograph = load_photograph(paths[rng.integers(len(paths))])
    if native:
        height, width = min(height, photograph.shape[0]), min(width, photograph.shape[1])
    largest = min(photograph.shape[0] / height, photograph.shape[1] / width)
    # Detail varies in size: between half and all of the shorter side, or from single pixels to the whole.
    span = largest ** rng.uniform(0, 1) if native else rng.uniform(0.45, 0.9) * largest
    rows, columns = int(span * height), int(span * width)
    top = rng.integers(photograph.shape[0] - rows + 1)
    left = rng.integers(photograph.shape[1] - columns + 1)
    piece = photograph[top : top + rows, left : left + columns].astype(np.float32) / 255
    if recolour > 0:
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        if rng.random() < 0.5:
            piece = piece[::-1]
        if recolour == 1 or rng.random() < recolour:
            piece = mix_colours(rng, piece)
    texture = cv2.resize(np.ascontiguousarray(piece), (width, height), interpolation=cv2.INTER_AREA)
    if native:
        return np.clip(texture, 0, 1)
    # Just below the sampling limit, so that bilinear resampling looks the same at every sub-pixel shift.
    return np.clip(cv2.GaussianBlur(texture, (0, 0), 0.5), 0, 1)


def mix_colours(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Mix the three colours of an image by a random matrix with rows that sum to 1 or -1.

    A colour may come out inverted; contrast and brightness vary as well.

    Parameters
    ----------
    image : (H, W, 3) float32 in [0, 1]

    Returns
    -------
    (H, W, 3) float32 in [0, 1]
    """
    matrix = rng.dirichlet(np.full(3, 0.6), size=3)
    mixed = image @ matrix.T.astype(np.float32)
    inverted = rng.random(3) < 0.15
    mixed[..., inverted] = 1 - mixed[..., inverted]
    gain = rng.uniform(0.6, 1.2, size=3) * rng.uniform(0.8, 1.2)
    offset = rng.uniform(-0.1, 0.25, size=3)
    return np.clip(mixed * gain + offset, 0, 1).astype(np.float32)


def random_outline(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Soft-edged star-shaped mask of an object in the middle of its layer.

    Returns
    -------
    (height, width) float32 in [0, 1], 0 at the border
    """
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = np.arctan2(y - (height - 1) / 2, x - (width - 1) / 2)
    distance = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2)
    radius = np.full_like(angle, 0.36 * min(height, width))
    for order in range(2, 6):
        radius += 0.07 * min(height, width) / order * rng.normal() * np.cos(order * angle + rng.uniform(0, 6.3))
    radius = np.minimum(radius, 0.46 * min(height, width))
    return np.clip(radius - distance + 0.5, 0, 1).astype(np.float32)


def random_light(rng: np.random.Generator) -> np.ndarray:
    """A small lamp: a saturated disc, white or coloured.

    Returns
    -------
    (D, D, 4) float32, colours premultiplied by the last channel, the opacity; D from 5 to 13 pixels
    """
    radius = rng.uniform(1.0, 5.0)
    side = 2 * int(np.ceil(radius + 1)) + 1
    y, x = np.mgrid[:side, :side].astype(np.float32) - side // 2
    disc = np.clip(radius - np.hypot(x, y) + 0.5, 0, 1)
    colour = np.where(rng.random(3) < 0.75, 1.0, rng.uniform(0.4, 1.0, 3)).astype(np.float32)
    return np.dstack([disc[..., None] * colour, disc]).astype(np.float32)
