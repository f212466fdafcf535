import numpy as np
import pytest
from scipy.special import j1

from unsmear.optics.build import simulate_psfs
from unsmear.optics.config import CameraConfig
from unsmear.optics.optics_config import FocusSweepOptics, MaskedOptics
from unsmear.optics.phase_mask import simulate_psf, simulate_sweep

CLEAR = FocusSweepOptics()


def radius_map(size: int) -> np.ndarray:
    k = np.arange(size) - size // 2
    return np.hypot(k[:, None], k[None, :])


@pytest.mark.parametrize("wavelength", [455.0, 535.0, 600.0])
def test_clear_focused_aperture_gives_the_airy_pattern(wavelength: float) -> None:
    # A pupil ten times as finely sampled: the staircase of its edge no longer matters.
    optics = FocusSweepOptics(pupil_grid=2431, pupil_radius=605.0)
    psf = simulate_psf(optics, 0.0, wavelength)
    x = 2 * np.pi * 605 * 455 / wavelength / 2431 * radius_map(27)
    x[13, 13] = 1
    airy = (2 * j1(x) / x) ** 2
    airy[13, 13] = 1
    np.testing.assert_allclose(psf / psf[13, 13], airy, rtol=0, atol=1e-3)
    # On the published grid the same within what a coarse edge allows.
    coarse = simulate_psf(CLEAR, 0.0, wavelength)
    x = x * (60.5 / 243) / (605 / 2431)
    np.testing.assert_allclose(coarse / coarse[13, 13], airy, rtol=0, atol=6e-3)


def test_clear_pupil_ring_is_where_airy_put_it() -> None:
    # First dark ring at 3.8317 / (2 pi a / M) samples of the transform.
    optics = FocusSweepOptics(pupil_grid=2431, pupil_radius=60.5, psf_size=151)
    line = simulate_psf(optics, 0.0, 455.0)[75, 75:]
    dark = int(np.argmax(np.diff(line) > 0))
    assert dark == pytest.approx(3.8317 * 2431 / (2 * np.pi * 60.5), abs=0.6)


@pytest.mark.parametrize("longer", [535.0, 600.0, 910.0])
def test_longer_wavelength_widens_in_proportion(longer: float) -> None:
    optics = FocusSweepOptics(pupil_grid=2431, pupil_radius=60.5, psf_size=201)
    short, long = (simulate_psf(optics, 0.0, w)[100, 100:] for w in (455.0, longer))
    radius = np.arange(50)
    widened = np.interp(radius * longer / 455, np.arange(101), long)
    np.testing.assert_allclose(widened / long[0], short[:50] / short[0], rtol=0, atol=8e-3)
    # The sum stays, so that the peak falls with the area.
    assert short[0] / long[0] == pytest.approx((longer / 455) ** 2, rel=0.02)


def test_masked_wavelengths_differ_by_size_alone_where_phases_are_whole_turns() -> None:
    # At s = 1/2 a mask of 4 pi still gives whole turns, as none does at s = 1: the PSF is the clear one, twice as wide.
    optics = MaskedOptics(ring_phases_rad=(4 * np.pi, 8 * np.pi), wavelengths_nm=(910.0, 535.0, 455.0))
    for wavelength in (455.0, 910.0):
        masked = simulate_psf(optics, 0.0, wavelength)
        np.testing.assert_allclose(masked, simulate_psf(CLEAR, 0.0, wavelength), atol=1e-12)


def test_mask_without_phase_is_a_clear_aperture() -> None:
    psi = np.linspace(0, 8, 3)
    masked = simulate_sweep(MaskedOptics(ring_phases_rad=(0.0, 0.0)), psi, 4.0)
    np.testing.assert_array_equal(masked, simulate_sweep(CLEAR, psi, 4.0))


def test_ring_edges_belong_to_the_outer_ring() -> None:
    # With radius 10 the samples at 5 from the axis lie exactly on the ring's inner edge.
    optics = MaskedOptics(ring_radii=(0.5,), ring_phases_rad=(np.pi,), pupil_grid=41, pupil_radius=10.0, psf_size=41)
    k = np.arange(41) - 20
    rho = np.hypot(k[:, None], k[None, :])
    pupil = np.where(rho < 5, 1.0, -1.0) * (rho <= 10)
    # Direct sum at two samples, without a fast transform.
    for u, v in ((0, 0), (3, 1)):
        wave = np.exp(-2j * np.pi * (u * k[:, None] + v * k[None, :]) / 41)
        expected = abs((pupil * wave).sum()) ** 2 / (41**2 * (np.abs(pupil) ** 2).sum())
        assert simulate_psf(optics, 0.0, 455.0)[20 + u, 20 + v] == pytest.approx(expected, rel=1e-9)


def test_defocus_of_both_signs_is_the_same_without_a_mask_but_not_with_one() -> None:
    for optics, same in ((CLEAR, True), (MaskedOptics(), False)):
        pair = [simulate_psf(optics, psi, 535.0) for psi in (-4.0, 4.0)]
        assert np.allclose(pair[0], pair[1], rtol=0, atol=1e-12) == same


def test_psf_is_normalised_before_the_crop() -> None:
    whole = MaskedOptics(psf_size=243)
    assert simulate_psf(whole, 3.0, 535.0).sum() == pytest.approx(1, abs=1e-12)
    cropped = simulate_psf(MaskedOptics(), 3.0, 535.0)
    np.testing.assert_array_equal(cropped, simulate_psf(whole, 3.0, 535.0)[108:135, 108:135])


@pytest.mark.parametrize("num_frames", [1, 2, 5, 9])
def test_any_number_of_frames(num_frames: int) -> None:
    psfs = simulate_psfs(CameraConfig(optics="masked"), num_frames)
    assert psfs.shape == (num_frames, 27, 27, 3)
    psi = np.linspace(0, 8, num_frames) if num_frames > 1 else [4.0]
    for frame, value in enumerate(psi):
        np.testing.assert_allclose(psfs[frame, ..., 1], simulate_psf(MaskedOptics(), value, 535.0), atol=1e-14)


def test_unit_sum_keeps_all_light_and_the_shape() -> None:
    raw = simulate_psfs(CameraConfig(optics="masked"), 3)
    unit = simulate_psfs(CameraConfig(optics="masked", normalize="unit_sum"), 3)
    np.testing.assert_allclose(unit.sum(axis=(1, 2)), 1, atol=1e-14)
    assert raw.sum(axis=(1, 2)).max() < 0.98
    np.testing.assert_allclose(unit / unit.max(axis=(1, 2), keepdims=True), raw / raw.max(axis=(1, 2), keepdims=True))


@pytest.mark.parametrize(("psi", "wavelength"), [(0.0, 600.0), (5.0, 535.0), (2.0, 400.0)])
def test_pixel_integration_is_the_mean_over_the_pixel(psi: float, wavelength: float) -> None:
    # The oracle samples each pixel 15 times in both directions and takes the plain mean. At 400 nm the
    # transfer function exceeds the published grid, which the implementation must notice.
    optics = MaskedOptics(psf_size=9)
    fine = MaskedOptics(psf_size=9 * 15, pupil_grid=243 * 15)
    samples = simulate_psf(fine, psi, wavelength) * 15**2
    mean = samples.reshape(9, 15, 9, 15).mean(axis=(1, 3))
    ours = simulate_psf(optics.model_copy(update={"integrate_pixel": True}), psi, wavelength)
    np.testing.assert_allclose(ours, mean, rtol=0, atol=2e-3 * mean.max())
    point = simulate_psf(optics, psi, wavelength)
    assert np.abs(ours - mean).max() < 0.1 * np.abs(point - mean).max()


def test_pixel_integration_widens_by_the_variance_of_a_pixel() -> None:
    # A box of side 1 has the variance 1/12 in each direction, and variances add (full grid: no crop).
    optics = FocusSweepOptics(psf_size=243)
    point = simulate_psf(optics, 0.0, 600.0)
    area = simulate_psf(optics.model_copy(update={"integrate_pixel": True}), 0.0, 600.0)
    assert area.sum() == pytest.approx(1, abs=1e-9)
    transfers = [np.abs(np.fft.fft2(np.fft.ifftshift(psf))) for psf in (point, area)]
    # The same statement at every frequency: the transfer is multiplied by the pixel's sinc.
    for f in (5, 20, 60):
        assert transfers[1][0, f] / transfers[0][0, f] == pytest.approx(np.sinc(f / 243), abs=1e-6)


def test_spectral_band_is_the_mean_over_its_wavelengths() -> None:
    optics = MaskedOptics(spectral_bandwidth_nm=(60.0, 0.0, 40.0), spectral_samples=11)
    plain = simulate_sweep(MaskedOptics(), np.array([3.0]), 1.0)
    band = simulate_sweep(optics, np.array([3.0]), 1.0)
    np.testing.assert_array_equal(band[..., 1], plain[..., 1])
    for channel, (middle, width) in {0: (600, 60), 2: (455, 40)}.items():
        dense = np.linspace(middle - width / 2, middle + width / 2, 201)
        mean = np.mean([simulate_psf(MaskedOptics(), 3.0, w) for w in dense], axis=0)
        error = np.abs(band[0, ..., channel] - mean).max()
        assert error < 0.01 * mean.max()
        assert error < 0.2 * np.abs(plain[0, ..., channel] - mean).max()


def test_a_wide_band_washes_out_the_dark_rings() -> None:
    narrow = FocusSweepOptics(pupil_grid=729, psf_size=41)
    wide = narrow.model_copy(update={"spectral_bandwidth_nm": (200.0, 0.0, 0.0), "spectral_samples": 15})
    depths = [simulate_sweep(optics, np.zeros(1), 0.0)[0, 20, 20:, 0] for optics in (narrow, wide)]
    dark = int(np.argmax(np.diff(depths[0]) > 0))
    assert depths[1][dark] / depths[1][0] > 5 * depths[0][dark] / depths[0][0]


def test_sweep_integration_is_the_mean_over_each_frames_own_time() -> None:
    optics = MaskedOptics(integrate_sweep=True, sweep_samples=9)
    psi = np.linspace(0, 8, 7)
    swept = simulate_psfs(CameraConfig(optics=optics), 7)
    plain = simulate_psfs(CameraConfig(optics="masked"), 7)
    step = 8 / 6
    for frame in (0, 3, 6):
        dense = np.linspace(psi[frame] - step / 2, psi[frame] + step / 2, 201)
        mean = np.mean([simulate_psf(MaskedOptics(), p, 455.0) for p in dense], axis=0)
        error = np.abs(swept[frame, ..., 2] - mean).max()
        assert error < 0.01 * mean.max()
        assert error < 0.3 * np.abs(plain[frame, ..., 2] - mean).max()


def test_sub_frames_see_the_sweep_go_on_within_the_frame_time() -> None:
    config = CameraConfig(optics="masked")
    sub = simulate_psfs(config, 7, factor=4)
    assert sub.shape == (29, 27, 27, 3)
    # Sub-frame 2 of frame 1 is a quarter of a frame time before its middle, sub-frame 3 is the frame.
    for index, psi in ((1, -8 / 6 / 4), (2, 0.0), (28, 8 + 8 / 6 / 2)):
        expected = simulate_psf(MaskedOptics(), psi, 600.0)
        np.testing.assert_allclose(sub[index, ..., 0], expected, atol=1e-14)
