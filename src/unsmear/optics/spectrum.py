"""Spectra of real pictures: good sizes, products in OpenCV's packed layout, memory to work in."""

from __future__ import annotations

import cv2
import numpy as np

# Spectra of the PSFs are kept while they take no more than this; sub-frames of large pictures do not.
SPECTRA_CACHE_BYTES = 512 * 2**20


def add_product(total: np.ndarray, first: np.ndarray, second: np.ndarray, memory: np.ndarray) -> None:
    """Add the product of two packed spectra to ``total``, in place.

    The layout, for even height and width: columns 1 to W - 2 hold real and imaginary parts in turn. Columns 0
    and W - 1 hold them in turn downwards, but for their first and last values, which are real. Viewed as
    complex numbers the product takes a fifth of the time of ``cv2.mulSpectrums``.

    Parameters
    ----------
    total, first, second : (H, W) of one real type, H and W even
    memory : (H, W / 2 - 1) of the complex type of the same precision, overwritten
    """
    complex_type = memory.dtype
    inner = np.s_[:, 1:-1]
    np.multiply(first[inner].view(complex_type), second[inner].view(complex_type), out=memory)
    inner_total = total[inner].view(complex_type)
    np.add(inner_total, memory, out=inner_total)

    columns = np.s_[:, :: total.shape[1] - 1]
    a, b = (np.ascontiguousarray(spectrum[columns].T) for spectrum in (first, second))
    product = a * b  # right for the first and last values alone
    product[:, 1:-1] = (a[:, 1:-1].view(complex_type) * b[:, 1:-1].view(complex_type)).view(total.dtype)
    total[columns] += product.T


def fast_transform_size(least: int) -> int:
    """Smallest even size, ``least`` or above, whose only prime factors are 2, 3, 5 and 7."""
    size = least + least % 2
    while True:
        rest = size
        for factor in (2, 3, 5, 7):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 2


class PsfSpectra:
    """Spectra of weighted PSFs, in OpenCV's packed layout; kept where memory allows.

    Parameters
    ----------
    psfs : (N, K, K, 3), K odd
    weights : (N,)
    height, width : of the spectra
    dtype : float32 or float64
    """

    def __init__(self, psfs: np.ndarray, weights: np.ndarray, height: int, width: int, dtype: type) -> None:
        self._psfs, self._weights, self._shape, self._dtype = psfs, weights, (height, width), dtype
        self._keeps = len(psfs) * 3 * height * width * np.dtype(dtype).itemsize <= SPECTRA_CACHE_BYTES
        self._kept: dict[tuple[int, int], np.ndarray] = {}

    def of(self, frame: int, channel: int) -> np.ndarray:
        """Spectrum of one PSF, (height, width)."""
        if (frame, channel) in self._kept:
            return self._kept[frame, channel]
        kernel: np.ndarray = np.zeros(self._shape, self._dtype)
        # With the kernel's corner at the origin every sample comes out K // 2 too far down and right, and the
        # picture starts K // 2 after its continued edge: the corner goes back by both, around the period.
        size = self._psfs.shape[1]
        back = np.arange(size) - (size - 1)
        kernel[np.ix_(back, back)] = self._psfs[frame, :, :, channel] * self._weights[frame]
        spectrum = np.asarray(cv2.dft(kernel))
        if self._keeps:
            self._kept[frame, channel] = spectrum
        return spectrum


class Workspace:
    """Memory that every group reuses: fresh pages cost as much as the arithmetic on them.

    Parameters
    ----------
    height, width : of the sums and spectra
    dtype : float32 or float64
    """

    def __init__(self, height: int, width: int, dtype: type) -> None:
        self.sums: list[np.ndarray] = [np.empty((height, width), dtype) for _ in range(3)]
        self.spectrum: np.ndarray = np.empty((height, width), dtype)
        complex_type = np.complex128 if dtype is np.float64 else np.complex64
        self.product = np.empty((height, max(width // 2 - 1, 0)), complex_type)
        self._padded: np.ndarray | None = None
        self._planes: list[np.ndarray] = []

    def split(self, frame: np.ndarray) -> list[np.ndarray]:
        """Three planes of (H, W, 3), in memory that the next frame reuses."""
        if not self._planes or self._planes[0].dtype != frame.dtype:
            self._planes = [np.empty(frame.shape[:2], frame.dtype) for _ in range(3)]
        cv2.split(np.ascontiguousarray(frame), self._planes)
        return self._planes

    def continue_edge(self, plane: np.ndarray, reach: int) -> np.ndarray:
        """A plane (H, W) whose edge pixels go on, ``reach`` rows and columns before it and the rest behind."""
        height, width = self.spectrum.shape
        margins = (reach, height - plane.shape[0] - reach, reach, width - plane.shape[1] - reach)
        if self._padded is None or self._padded.dtype != plane.dtype:
            self._padded = np.empty((height, width), plane.dtype)
        return np.asarray(cv2.copyMakeBorder(plane, *margins, cv2.BORDER_REPLICATE, dst=self._padded))
