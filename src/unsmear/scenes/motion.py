"""Smooth random motion, a closed form of time, so that any instant can be asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Motion:
    r"""Rigid motion of a layer: translation, rotation and zoom as sums of slow oscillations.

    .. math:: q(t) = v t + \sum_k a_k (\sin(\omega_k t + \varphi_k) - \sin \varphi_k)

    for each of q = (x, y, rotation, log zoom); time t in frames.

    Parameters
    ----------
    velocity : (4,) pixels, pixels, radians and 1 a frame
    amplitude, omega, phase : (K, 4)
    focal_length : pixels; the shift then comes of a camera that pans and tilts, as a homography. None shifts plainly
    """

    velocity: np.ndarray
    amplitude: np.ndarray
    omega: np.ndarray
    phase: np.ndarray
    focal_length: float | None = None

    def scaled(self, factor: float) -> Motion:
        """The same motion with its shifts multiplied: of something nearer to a camera that moves."""
        stretch = np.array([factor, factor, 1, 1])
        return replace(self, velocity=self.velocity * stretch, amplitude=self.amplitude * stretch)

    def state(self, time: float) -> np.ndarray:
        """(4,) x and y in pixels, rotation in radians, log zoom, relative to time 0."""
        waves = np.sin(self.omega * time + self.phase) - np.sin(self.phase)
        result: np.ndarray = self.velocity * time + (self.amplitude * waves).sum(axis=0)
        return result

    def matrix(self, time: float, centre: tuple[float, float]) -> np.ndarray:
        """(3, 3) transform of layer coordinates at time 0 to picture coordinates, (x, y, 1)."""
        x, y, rotation, log_zoom = self.state(time)
        cx, cy = centre
        c, s = np.exp(log_zoom) * np.cos(rotation), np.exp(log_zoom) * np.sin(rotation)
        about_centre = np.array([[c, -s, cx - c * cx + s * cy], [s, c, cy - s * cx - c * cy], [0, 0, 1]])
        return self._shift(x, y, centre) @ about_centre

    def _shift(self, x: float, y: float, centre: tuple[float, float]) -> np.ndarray:
        """Move the optical axis by (x, y) pixels: plainly, or by turning the camera."""
        if self.focal_length is None:
            return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        pan, tilt = np.arctan2(x, self.focal_length), np.arctan2(y, self.focal_length)
        turn_x = np.array([[np.cos(pan), 0, np.sin(pan)], [0, 1, 0], [-np.sin(pan), 0, np.cos(pan)]])
        turn_y = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
        projection = np.array([[self.focal_length, 0, centre[0]], [0, self.focal_length, centre[1]], [0, 0, 1]])
        return projection @ turn_y @ turn_x @ np.linalg.inv(projection)


def random_motion(
    rng: np.random.Generator,
    duration: float,
    speed: float,
    rotation: float,
    zoom: float,
    num_waves: int = 3,
    focal_length: float | None = None,
) -> Motion:
    """Draw a motion whose root-mean-square translation speed over its duration is ``speed``.

    Parameters
    ----------
    duration : frames
    speed : pixels a frame
    rotation, zoom : amplitudes, radians and log units
    num_waves : oscillations in each coordinate; their periods are 24 to 90 frames
    focal_length : as :class:`Motion` has it
    """
    omega = 2 * np.pi / rng.uniform(24, 90, size=(num_waves, 4))
    phase = rng.uniform(0, 2 * np.pi, size=(num_waves, 4))
    amplitude = rng.normal(size=(num_waves, 4)) / omega
    velocity = np.append(rng.normal(size=2) * 0.7, [0.0, 0.0])
    times = np.linspace(0, duration, 64)[:, None, None]
    speeds = velocity + (amplitude * omega * np.cos(omega * times + phase)).sum(axis=1)
    rms = np.sqrt((speeds[:, :2] ** 2).sum(axis=1).mean())
    velocity[:2] *= speed / rms
    amplitude[:, :2] *= speed / rms
    for axis, extent in ((2, rotation), (3, zoom)):
        amplitude[:, axis] *= extent / np.abs(amplitude[:, axis]).sum()
    return Motion(velocity, amplitude, omega, phase, focal_length)
