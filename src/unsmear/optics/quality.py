"""Measures of how a camera images a point: encircled energy, modulation transfer, and the streak of its motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unsmear.optics.exposure import expose

if TYPE_CHECKING:
    from unsmear.optics.camera import Camera

SHOWN_SIZE = 27
SPEED = 8


def encircled_energy(psfs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the light that falls within a circle around the point's ideal image.

    Parameters
    ----------
    psfs : (N, K, K, 3)

    Returns
    -------
    radii : (R,) pixels, whole numbers from 0 to the corner
    shares : (N, R, 3)
    """
    k = np.arange(psfs.shape[1]) - psfs.shape[1] // 2
    distance = np.hypot(k[:, None], k[None, :])
    radii = np.arange(int(np.ceil(distance.max())) + 1)
    shares = np.stack([psfs[:, distance <= radius].sum(axis=1) for radius in radii], axis=1)
    return radii, shares


def modulation_transfer(psfs: np.ndarray, samples: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Contrast that is left of a wave of vertical stripes, relative to an even surface.

    Parameters
    ----------
    psfs : (N, K, K, 3)
    samples : even, period of the transform, K or more

    Returns
    -------
    frequencies : (samples / 2 + 1,) cycles a pixel, 0 to 0.5
    contrasts : (N, samples / 2 + 1, 3), 1 at frequency 0
    """
    lines = psfs.sum(axis=1)
    spectra = np.abs(np.fft.rfft(lines, n=max(samples, psfs.shape[1] + 1), axis=1))
    return np.fft.rfftfreq(max(samples, psfs.shape[1] + 1)), spectra / spectra[:, :1]


def moving_point(camera: Camera, speed: int = SPEED, reverse: bool = False) -> np.ndarray:
    """Picture of a white point that moves evenly to the right through the exposure.

    Parameters
    ----------
    camera : the camera
    speed : pixels a frame
    reverse : the point moves to the left

    Returns
    -------
    (H, W, 3) float64 linear intensity, brightest value 1
    """
    reach = max(camera.psfs.shape[1], SHOWN_SIZE) // 2
    frames = np.zeros((camera.num_frames, 2 * reach + 1, speed * camera.num_frames + 2 * reach, 3))
    for number in range(camera.num_frames):
        start = reach + speed * number
        frames[number, reach, start : start + speed] = 1
    picture = expose(frames[:, :, ::-1] if reverse else frames, camera.psfs, camera.weights)
    picture = np.maximum(picture, 0)
    result: np.ndarray = picture / picture.max()
    return result
