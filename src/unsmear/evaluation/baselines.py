"""What needs no network: predictions that every system must beat."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unsmear.evaluation.records import channels_first
from unsmear.files import write_json

if TYPE_CHECKING:
    from unsmear.optics.camera import Camera

FORMAT_VERSION = 1


@dataclass(frozen=True)
class FittedBaselines:
    """The few numbers of the baselines, chosen on the validation split.

    Parameters
    ----------
    shift_px : (x, y) from the middle to the last frame, one vector for all pictures, px
    wiener_k : the Wiener filter's constant; None where it is not of a camera
    num_groups : frame groups that they were chosen on
    """

    shift_px: tuple[float, float]
    wiener_k: float | None
    num_groups: int

    def save(self, path: str | Path) -> None:
        """Write them as JSON."""
        write_json(path, {"format_version": FORMAT_VERSION, **asdict(self)})

    @classmethod
    def load(cls, path: str | Path) -> FittedBaselines:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ValueError
            If the file is missing, damaged or of another version.
        """
        try:
            content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            if content.pop("format_version") != FORMAT_VERSION:
                raise ValueError("other format version")
            x, y = content["shift_px"]
            return cls((float(x), float(y)), content["wiener_k"], int(content["num_groups"]))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"cannot read the fitted baselines {path}: {error!r}; fit them again") from error


def wiener(picture: np.ndarray, psf: np.ndarray, k: float) -> np.ndarray:
    r"""Undo one blur by the linear filter that is best where signal and noise have flat spectra.

    .. math:: X = (1 + k) \frac{H^*}{|H|^2 + k} \, Y

    The factor 1 + k keeps the mean brightness, and leaves the picture alone where the PSF is a delta.

    Parameters
    ----------
    picture : (H, W, 3) linear light, continued by its edge pixels
    psf : (K, K, 3), K odd, sum 1 in each colour
    k : noise over signal, above 0

    Returns
    -------
    (H, W, 3) float32 linear light, not clipped.

    Source: Wiener 1949.
    """
    from scipy import fft

    height, width = picture.shape[:2]
    margin = len(psf)
    padded = np.pad(picture.astype(np.float32), ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    size = [fft.next_fast_len(side, real=True) for side in padded.shape[:2]]
    padded = np.pad(
        padded, [(0, new - old) for new, old in zip(size, padded.shape[:2], strict=True)] + [(0, 0)], "edge"
    )
    kernel = np.zeros((*size, 3), np.float32)
    kernel[: len(psf), : len(psf)] = psf
    kernel = np.roll(kernel, (-(len(psf) // 2), -(len(psf) // 2)), axis=(0, 1))
    transfer = fft.rfft2(kernel, axes=(0, 1))
    spectrum = fft.rfft2(padded, axes=(0, 1)) * ((1 + k) * transfer.conj() / (np.abs(transfer) ** 2 + k))
    sharp: np.ndarray = fft.irfft2(spectrum, s=size, axes=(0, 1))
    return sharp[margin : margin + height, margin : margin + width].astype(np.float32)


def deblur(blurry: np.ndarray, camera: Camera, k: float) -> np.ndarray:
    """Wiener filter with the camera's mean PSF, in linear light.

    Parameters
    ----------
    blurry : (H, W, 3) uint8 RGB
    k : as in :func:`wiener`

    Returns
    -------
    (H, W, 3) uint8 RGB
    """
    energy = np.asarray(camera.energy, dtype=np.float64)
    psf = np.einsum("n,nklc->klc", camera.weights, camera.psfs) / energy
    light = camera.response.linearize(blurry) / energy
    return np.rint(255 * np.clip(camera.response.encode(wiener(light, psf, k)), 0, 1)).astype(np.uint8)


def repeat(picture: np.ndarray, num_frames: int) -> np.ndarray:
    """One picture (H, W, 3) as (N, H, W, 3) equal frames."""
    return np.repeat(picture[None], num_frames, axis=0)


def shift(picture: np.ndarray, shift_px: tuple[float, float], num_frames: int) -> np.ndarray:
    """A picture that moves at constant speed.

    Parameters
    ----------
    picture : (H, W, 3) uint8, the middle frame; continued by its edge pixels
    shift_px : (x, y) from the middle to the last frame, px
    num_frames : N, odd

    Returns
    -------
    (N, H, W, 3) uint8, between pixels bilinear
    """
    import cv2

    height, width = picture.shape[:2]
    frames = []
    for position in np.linspace(-1, 1, num_frames):
        x, y = position * np.asarray(shift_px)
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
        frames.append(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))
    return np.stack(frames)


def predict_from_blurry(
    blurry: np.ndarray, still: np.ndarray, camera: Camera, fitted: FittedBaselines
) -> dict[str, np.ndarray]:
    """The frames of each baseline of a camera.

    Parameters
    ----------
    blurry : (H, W, 3) uint8 as the camera recorded it
    still : the same, equalised

    Returns
    -------
    baseline -> (N, H, W, 3) uint8
    """
    assert fitted.wiener_k is not None, "a camera's baselines have a Wiener filter"
    number = camera.num_frames
    return {
        "wiener": repeat(deblur(blurry, camera, fitted.wiener_k), number),
        "shift": shift(still, fitted.shift_px, number),
    }


def predict_from_middle(middle: np.ndarray, num_frames: int, fitted: FittedBaselines) -> dict[str, np.ndarray]:
    """The frames of each baseline of a system, from its own middle frame (H, W, 3) uint8."""
    return {"repeated": repeat(middle, num_frames), "shift": shift(middle, fitted.shift_px, num_frames)}


def under_row_names(system: str, frames: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Baselines' frames, channels first, by the names of their rows, such as ``masked/repeated``."""
    return {f"{system}/{baseline}": channels_first(each) for baseline, each in frames.items()}
