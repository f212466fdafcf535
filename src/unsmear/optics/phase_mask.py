"""PSFs of a lens with a ring-shaped phase mask and a moving focus."""

from __future__ import annotations

import numpy as np

from unsmear.optics.optics_config import FocusSweepOptics, MaskedOptics


def simulate_psf(optics: FocusSweepOptics, psi: float, wavelength_nm: float) -> np.ndarray:
    r"""Intensity that a point source of one wavelength leaves on the sensor.

    .. math::
        P(\rho) = [\rho \le 1] \exp(j s (\psi \rho^2 + \varphi(\rho))), \quad
        m = \frac{|\mathcal{F} P|^2}{\sum |\mathcal{F} P|^2}, \quad s = \lambda_0 / \lambda

    The pupil's radius in samples is ``pupil_radius`` times s: one sample of the transform stays one
    pixel while a longer wavelength spreads further.

    Parameters
    ----------
    optics : pupil, mask and crop
    psi : defocus at the pupil's edge, radians at the design wavelength
    wavelength_nm : nm

    Returns
    -------
    (K, K) float64, K = ``psf_size``; the sum over the uncropped grid is 1.

    Source: Elmalem, Giryes, Marom, Optica 2020.
    """
    scale = optics.design_wavelength_nm / wavelength_nm
    radius = optics.pupil_radius * scale
    # The transfer function reaches twice the pupil's radius. Where that exceeds the grid, the average
    # over a pixel's area needs samples between the pixels; a grid three times as wide gives them.
    fineness = 3 if optics.integrate_pixel and 2 * radius > optics.pupil_grid // 2 else 1
    size = optics.pupil_grid * fineness
    k = np.arange(size) - size // 2
    rho = np.hypot(k[:, None], k[None, :]) / radius
    phase = psi * rho**2 + _mask_phase(optics, rho)
    pupil = (rho <= 1) * np.exp(1j * scale * phase)
    # The pupil's centre may lie anywhere on the grid: a shift there changes only the phase of the field.
    intensity = np.abs(np.fft.fft2(pupil)) ** 2
    if optics.integrate_pixel:
        box = np.sinc(np.fft.fftfreq(size) * fineness)
        intensity = np.fft.ifft2(np.fft.fft2(intensity) * np.outer(box, box)).real
        # The average of a non-negative function; rounding may leave it a hair below zero.
        intensity = np.maximum(intensity, 0)
    intensity = np.fft.fftshift(intensity)
    centre, reach = size // 2, optics.psf_size // 2 * fineness
    crop = slice(centre - reach, centre + reach + 1, fineness)
    result: np.ndarray = intensity[crop, crop] * (fineness**2 / intensity.sum())
    return result


def simulate_sweep(optics: FocusSweepOptics, psi: np.ndarray, psi_step: float) -> np.ndarray:
    """PSFs for several positions of the focus, in the three colours.

    Parameters
    ----------
    optics : pupil, mask, bands and crop
    psi : (T,) defocus in the middle of each time, radians at the design wavelength
    psi_step : how far psi moves during each time, radians; used by ``integrate_sweep``

    Returns
    -------
    (T, K, K, 3) float64, colours in the order red, green, blue
    """
    psfs = np.empty((len(psi), optics.psf_size, optics.psf_size, 3))
    for channel, (wavelength, bandwidth) in enumerate(
        zip(optics.wavelengths_nm, optics.spectral_bandwidth_nm, strict=True)
    ):
        wavelengths = wavelength + bandwidth * _midpoints(optics.spectral_samples if bandwidth else 1)
        for t, middle in enumerate(psi):
            defocus = middle + psi_step * _midpoints(optics.sweep_samples if optics.integrate_sweep else 1)
            psfs[t, ..., channel] = np.mean(
                [simulate_psf(optics, float(p), float(w)) for w in wavelengths for p in defocus], axis=0
            )
    return psfs


def _midpoints(number: int) -> np.ndarray:
    """Middles of ``number`` equal parts of [-1/2, 1/2]."""
    return (np.arange(number) + 0.5) / number - 0.5


def _mask_phase(optics: FocusSweepOptics, rho: np.ndarray) -> np.ndarray:
    """Phase of the mask at each normalised radius, radians at the design wavelength."""
    if not isinstance(optics, MaskedOptics):
        return np.zeros_like(rho)
    phases = np.array([0.0, *optics.ring_phases_rad])
    result: np.ndarray = phases[np.searchsorted(optics.ring_radii, rho, side="right")]
    return result
