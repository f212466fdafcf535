"""A camera: PSFs, weights, response, interpolation and noise in one object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from unsmear.optics.build import simulate_psfs, simulate_weights, subframe_weights
from unsmear.optics.config import CameraConfig, NoiseConfig
from unsmear.optics.exposure import Renderer
from unsmear.optics.psf import load_psfs
from unsmear.optics.response import Response, response_of

FORMAT_VERSION = 1
# Whole codes may come out of the arithmetic a little too small; truncation must not lose one to that.
TRUNCATION_SLACK = 2.0**-12


@dataclass(frozen=True, eq=False)
class Camera:
    """What turns a group of sharp frames into one blurry image.

    Parameters
    ----------
    name : as in config
    psfs : (N, K, K, 3) one PSF a frame, colours in the order red, green, blue
    weights : (N,) share of each frame in the exposure, sum 1
    response : between encoded values and linear light
    interpolation : sub-frames in a frame time; 1 renders from the frames alone
    noise : of the sensor
    quantize : round or truncate
    jpeg_quality : of the stored picture; None stores it without loss
    subframe_psfs : (N * interpolation + 1, K, K, 3) where ``interpolation`` is above 1
    declared_symmetries : what the configuration says instead of the PSFs
    """

    name: str
    psfs: np.ndarray
    weights: np.ndarray
    response: Response = field(default_factory=Response)
    interpolation: int = 1
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    quantize: str = "round"
    jpeg_quality: int | None = None
    subframe_psfs: np.ndarray | None = None
    declared_symmetries: tuple[str, ...] | None = None
    _renderers: dict[tuple[int, int], Renderer] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def from_config(cls, config: CameraConfig, num_frames: int) -> Camera:
        """Build the camera that ``config`` describes, for groups of ``num_frames`` frames."""
        return cls._build(config, simulate_psfs(config, num_frames), response_of(config))

    @classmethod
    def load(cls, psfs_path: str | Path, camera_path: str | Path) -> Camera:
        """Read a camera that :func:`~unsmear.optics.simulate.simulate_camera` wrote.

        Raises
        ------
        ValueError
            If a file is missing, damaged or of another version, or the two do not belong together.
        """
        psfs = load_psfs(psfs_path)
        try:
            content: dict[str, Any] = json.loads(Path(camera_path).read_text(encoding="utf-8"))
            version = content["format_version"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"cannot read camera file {camera_path}: {error!r}; simulate the camera again") from error
        if version != FORMAT_VERSION:
            raise ValueError(
                f"camera file {camera_path} has format version {version}, this program reads {FORMAT_VERSION}; "
                "simulate the camera again"
            )
        if content["psf_shape"] != list(psfs.shape):
            raise ValueError(
                f"{psfs_path} holds PSFs {psfs.shape} but {camera_path} speaks of {content['psf_shape']}; "
                "simulate the camera again"
            )
        return cls._build(CameraConfig(**content["config"]), psfs, Response.from_json(content["response"]))

    @classmethod
    def _build(cls, config: CameraConfig, psfs: np.ndarray, response: Response) -> Camera:
        factor = config.interpolation.factor
        return cls(
            name=config.name,
            psfs=psfs,
            weights=simulate_weights(config, len(psfs)),
            response=response,
            interpolation=factor,
            noise=config.noise,
            quantize=config.quantize,
            jpeg_quality=config.jpeg_quality,
            subframe_psfs=simulate_psfs(config, len(psfs), factor, psfs) if factor > 1 else None,
            declared_symmetries=None if config.symmetries == "auto" else config.symmetries,
        )

    @property
    def num_frames(self) -> int:
        """Frames in a group."""
        return len(self.psfs)

    @property
    def energy(self) -> np.ndarray:
        """(3,) share of the light of red, green and blue that reaches the picture."""
        result: np.ndarray = np.einsum("n,nklc->c", self.weights, self.psfs)
        return result

    @property
    def time_symmetric(self) -> bool:
        """Whether the frames in reverse order give the same picture, so that it cannot tell the direction."""
        return _alike(self.psfs, self.psfs[::-1]) and _alike(self.weights, self.weights[::-1])

    @property
    def symmetries(self) -> frozenset[str]:
        """Of mirror_x, mirror_y and transpose those that commute with the camera, by its PSFs or its config."""
        if self.declared_symmetries is not None:
            return frozenset(self.declared_symmetries)
        changed = {
            "mirror_x": self.psfs[:, :, ::-1],
            "mirror_y": self.psfs[:, ::-1],
            "transpose": self.psfs.transpose(0, 2, 1, 3),
        }
        return frozenset(name for name, psfs in changed.items() if _alike(self.psfs, psfs))

    def render(self, frames: np.ndarray, seed: int | tuple[int, ...] = 0, out: np.ndarray | None = None) -> np.ndarray:
        """Blurry image of one frame group.

        Parameters
        ----------
        frames : (N, H, W, 3) uint8
        seed : of the noise
        out : (H, W, 3) uint8 to write into, instead of fresh memory

        Returns
        -------
        (H, W, 3) uint8
        """
        picture = np.empty(frames.shape[1:], np.uint8) if out is None else out
        shift = -0.5 + TRUNCATION_SLACK if self.quantize == "truncate" else 0.0
        for rows, encoded in self._encoded_strips(frames, seed):
            # OpenCV rounds to the nearest code and saturates.
            cv2.convertScaleAbs(encoded, dst=picture[rows], alpha=255, beta=shift)
        if self.jpeg_quality is not None:
            _, stored = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self.jpeg_quality])
            decoded = cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB)
            assert decoded is not None, "what was just encoded can be decoded"
            picture[...] = decoded
        return picture

    def render_float(self, frames: np.ndarray, seed: int | tuple[int, ...] = 0) -> np.ndarray:
        """As :meth:`render`, before quantisation and JPEG: (H, W, 3) float32, encoded, in [0, 1]."""
        picture = np.empty(frames.shape[1:], np.float32)
        for rows, encoded in self._encoded_strips(frames, seed):
            picture[rows] = encoded
        return picture

    def _encoded_strips(self, frames: np.ndarray, seed: int | tuple[int, ...]) -> Iterator[tuple[slice, np.ndarray]]:
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
            raise ValueError(f"frames are {frames.dtype} {frames.shape}; expected uint8 (frames, height, width, 3)")
        if len(frames) != self.num_frames:
            raise ValueError(
                f"camera {self.name!r} was simulated for {self.num_frames} frames, the group has {len(frames)}; "
                "simulate the camera for as many frames as a group has"
            )
        identity = self.response.kind == "identity"
        renderer = self._renderer(frames.shape[1], frames.shape[2])
        if self.interpolation > 1:
            from unsmear.optics.interpolation import interpolate_frames

            strips = renderer.expose_strips(interpolate_frames(frames, self.interpolation, self.response))
        else:
            strips = renderer.expose_strips(frames, None if identity else self.response.linear_of_codes())
        noisy = self.noise.full_well_electrons > 0 or self.noise.read_noise > 0
        rng = np.random.default_rng(seed)
        from unsmear.optics.noise import add_noise

        for rows, linear in strips:
            light = add_noise(linear, self.noise, rng) if noisy else linear
            # The mean of codes lies within the scale, up to the last bit; noise and resampling may not.
            within = identity and not noisy and self.interpolation == 1
            yield rows, light if within else self.response.encode(light)

    def _renderer(self, height: int, width: int) -> Renderer:
        if (height, width) not in self._renderers:
            psfs = self.psfs if self.subframe_psfs is None else self.subframe_psfs
            weights = subframe_weights(self.weights, self.interpolation)
            self._renderers[height, width] = Renderer(psfs, weights, height, width)
        return self._renderers[height, width]


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.abs(a - b).max() <= 1e-9 * np.abs(a).max())
