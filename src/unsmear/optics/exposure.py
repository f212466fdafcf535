"""The exposure: sharp frames, each through its own PSF, gathered in one picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from unsmear.optics.psf import check_psfs, is_delta
from unsmear.optics.response import light_of_codes
from unsmear.optics.spectrum import PsfSpectra, Workspace, add_product, fast_transform_size

# Values summed at a time where no transform is needed: such a strip stays in the processor's cache.
STRIP_VALUES = 2**17


def expose(frames: np.ndarray, psfs: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    r"""Image recorded by one exposure through a PSF that changes with time.

    .. math:: y_c = \sum_{i=1}^{N} w_i \, (x_{i,c} * m_{i,c}), \quad w_i = 1/N \text{ unless given}

    Parameters
    ----------
    frames : (N, H, W, 3), linear intensity in [0, 1]; float64 is computed in float64, all else in float32
    psfs : (N, K, K, 3), K odd
    weights : (N,) share of each frame in the exposure

    Returns
    -------
    (H, W, 3), linear intensity, float64 or float32; the border is continued by its edge pixels.

    Raises
    ------
    ValueError
        If the numbers of frames, PSFs and weights differ, or a shape is wrong.

    Source: Elmalem et al. 2020; a true convolution, kernels are flipped.
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[3] != 3:
        raise ValueError(f"frames have shape {frames.shape}; expected (frames, height, width, 3)")
    if not np.issubdtype(frames.dtype, np.floating):
        raise ValueError(f"frames have type {frames.dtype}; give linear light in [0, 1] as real numbers")
    dtype = np.float64 if frames.dtype == np.float64 else np.float32
    renderer = Renderer(psfs, weights, frames.shape[1], frames.shape[2], dtype)
    return renderer.expose(frames.astype(dtype, copy=False))


class Renderer:
    """Exposes groups of frames of one size; what depends on the PSFs alone is computed once.

    Convolution is a product of spectra, and the sum over the frames is taken there: one inverse
    transform for each colour serves all frames. PSFs that are deltas need no transform.

    Parameters
    ----------
    psfs : (N, K, K, 3), K odd
    weights : (N,) share of each frame; None for 1 / N each
    height, width : of a frame, pixels
    dtype : float32 or float64, of the computation and the result
    skip_deltas : leave out the transform where every PSF is a delta
    """

    def __init__(
        self,
        psfs: np.ndarray,
        weights: np.ndarray | None,
        height: int,
        width: int,
        dtype: type = np.float32,
        skip_deltas: bool = True,
    ) -> None:
        self.psfs = check_psfs(psfs, "the exposure")
        num_frames, size = self.psfs.shape[:2]
        self.weights = np.full(num_frames, 1 / num_frames) if weights is None else np.asarray(weights, float)
        if self.weights.shape != (num_frames,):
            raise ValueError(f"{num_frames} PSFs but weights of shape {self.weights.shape}; give one weight a frame")
        self._equal_weights = bool((self.weights == self.weights[0]).all())
        self.height, self.width, self.reach = height, width, size // 2
        self.dtype = dtype
        self.transforms = not (skip_deltas and is_delta(self.psfs))
        # The edge is continued by K // 2 pixels on each side; beyond, the period may wrap around.
        self.fft_height = fast_transform_size(height + size - 1)
        self.fft_width = fast_transform_size(width + size - 1)
        self._spectra = PsfSpectra(self.psfs, self.weights, self.fft_height, self.fft_width, dtype)
        self._work: Workspace | None = None

    def expose(self, frames: Iterable[np.ndarray], table: np.ndarray | None = None) -> np.ndarray:
        """Expose one group; as :meth:`expose_strips`, but whole.

        Returns
        -------
        (H, W, 3) linear intensity, of the renderer's type
        """
        result: np.ndarray = np.empty((self.height, self.width, 3), self.dtype)
        for rows, strip in self.expose_strips(frames, table):
            result[rows] = strip
        return result

    def expose_strips(
        self, frames: Iterable[np.ndarray], table: np.ndarray | None = None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Expose one group and hand the picture out strip by strip, while a strip is in the cache.

        Parameters
        ----------
        frames : N pictures (H, W, 3), an array or an iterator that makes them one at a time; linear light
            of the renderer's type, or 8-bit codes
        table : (256, 3) linear value of each code; None for code / 255

        Yields
        ------
        rows of the picture, and their linear intensity (rows, W, 3) in a buffer that the next strip reuses

        Raises
        ------
        ValueError
            If the number or the shape of the frames is not the renderer's.
        """
        table = None if table is None else table.astype(self.dtype)
        if isinstance(frames, np.ndarray):
            self._check_number(len(frames))
            if not self.transforms:
                return self._sum_strips(frames, table)
        return self._merge_strips(self._convolve(frames, table))

    def _sum_strips(self, frames: np.ndarray, table: np.ndarray | None) -> Iterator[tuple[slice, np.ndarray]]:
        self._check_shape(frames[0])
        rows = self._strip_rows()
        buffer: np.ndarray = np.empty((rows, self.width, 3), self.dtype)
        plain_mean = self._equal_weights and table is None
        full_scale = 255 if frames.dtype == np.uint8 else 1
        for top in range(0, self.height, rows):
            strip = buffer[: self.height - top]
            parts = frames[:, top : top + rows]
            if plain_mean:
                strip[...] = parts[0]
                for part in parts[1:]:
                    cv2.accumulate(part, strip)
                strip *= self.dtype(self.weights[0] / full_scale)
            else:
                strip[...] = 0
                for part, weight in zip(parts, self.weights, strict=True):
                    if weight > 0:
                        cv2.accumulate(light_of_codes(part, table) * self.dtype(weight), strip)
            yield slice(top, top + rows), strip

    def _merge_strips(self, planes: list[np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
        rows = self._strip_rows()
        for top in range(0, self.height, rows):
            yield slice(top, top + rows), np.asarray(cv2.merge([plane[top : top + rows] for plane in planes]))

    def _convolve(self, frames: Iterable[np.ndarray], table: np.ndarray | None) -> list[np.ndarray]:
        """Three planes (H, W) of linear intensity, in memory that the next call reuses."""
        work = self._work = self._work or Workspace(*self._transform_size(), self.dtype)
        for total in work.sums:
            total[...] = 0
        number = 0
        for frame in frames:
            number += 1
            if number > len(self.weights) or self.weights[number - 1] == 0:
                continue
            self._check_shape(frame)
            for channel, plane in enumerate(work.split(frame)):
                curve = None if table is None else table[:, channel]
                if self.transforms:
                    light_of_codes(work.continue_edge(plane, self.reach), curve, out=work.spectrum)
                    cv2.dft(work.spectrum, dst=work.spectrum)
                    psf = self._spectra.of(number - 1, channel)
                    add_product(work.sums[channel], work.spectrum, psf, work.product)
                else:
                    light = light_of_codes(plane, curve) * self.dtype(self.weights[number - 1])
                    cv2.add(work.sums[channel], light, dst=work.sums[channel])
        self._check_number(number)
        if self.transforms:
            for total in work.sums:
                cv2.dft(total, dst=total, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
        return [total[: self.height, : self.width] for total in work.sums]

    def _transform_size(self) -> tuple[int, int]:
        return (self.fft_height, self.fft_width) if self.transforms else (self.height, self.width)

    def _strip_rows(self) -> int:
        return max(1, min(self.height, STRIP_VALUES // (self.width * 3)))

    def _check_number(self, number: int) -> None:
        if number != len(self.weights):
            raise ValueError(
                f"{number} frames but PSFs for {len(self.weights)}; "
                "simulate the camera for as many frames as a group has"
            )

    def _check_shape(self, frame: np.ndarray) -> None:
        if frame.shape != (self.height, self.width, 3):
            raise ValueError(
                f"a frame has shape {frame.shape}, the renderer was made for {(self.height, self.width, 3)}; "
                "make another renderer for another size"
            )
