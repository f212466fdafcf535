"""From a description of the optics to PSFs and weights, one code path for every camera."""

from __future__ import annotations

import numpy as np

from unsmear.optics.config import CameraConfig
from unsmear.optics.optics_config import CodedExposureOptics, FileOptics, FocusSweepOptics
from unsmear.optics.psf import delta_psfs, load_psfs, normalize_psfs


def simulate_psfs(
    config: CameraConfig, num_frames: int, factor: int = 1, frame_psfs: np.ndarray | None = None
) -> np.ndarray:
    """PSFs of a camera for every frame of a group, or for every sub-frame.

    Frame i (from 1) stands for the time from i - 1/2 to i + 1/2. A sweep runs evenly, so that the first
    frame's middle sees the first psi and the last frame's middle the last one.

    Parameters
    ----------
    config : the camera
    num_frames : frames in a group, N
    factor : sub-frames in a frame time, F
    frame_psfs : (N, K, K, 3) PSFs of a file, where they are at hand already

    Returns
    -------
    (T, K, K, 3) float64, T = N for factor 1, else N F + 1; PSFs of a file are interpolated linearly between the frames.

    Raises
    ------
    ValueError
        If a file's PSFs are not N, or let more light out than comes in.
    """
    optics = config.optics
    times = subframe_times(num_frames, factor)
    if isinstance(optics, FocusSweepOptics):
        first, last = optics.psi_range
        step = (last - first) / max(num_frames - 1, 1)
        middle = (first + last) / 2
        psi = middle + step * (times - (num_frames + 1) / 2)
        from unsmear.optics.phase_mask import simulate_sweep

        psfs = simulate_sweep(optics, psi, step / factor)
    elif isinstance(optics, FileOptics):
        psfs = load_psfs(optics.path, optics.variable) if frame_psfs is None else frame_psfs
        if len(psfs) == 1:
            psfs = np.repeat(psfs, num_frames, axis=0)
        if len(psfs) != num_frames:
            raise ValueError(
                f"{optics.path} holds {len(psfs)} PSFs but a group has {num_frames} frames; "
                "give one PSF a frame, or a single one for all"
            )
        psfs = _between_frames(psfs, times)
    else:
        psfs = delta_psfs(len(times))
    if config.normalize == "unit_sum":
        psfs = normalize_psfs(psfs)
    largest = psfs.sum(axis=(1, 2)).max()
    if largest > 1 + 1e-6:
        raise ValueError(
            f"a PSF of camera {config.name!r} sums to {largest:.6g}, more light than the point sent out; "
            "set normalize: unit_sum"
        )
    return psfs


def simulate_weights(config: CameraConfig, num_frames: int) -> np.ndarray:
    """Share of each frame in the exposure.

    Returns
    -------
    (num_frames,) float64, sum 1

    Raises
    ------
    ValueError
        If a coded exposure has another number of weights than a group has frames.
    """
    if not isinstance(config.optics, CodedExposureOptics):
        return np.full(num_frames, 1 / num_frames)
    weights = np.array(config.optics.weights, dtype=np.float64)
    if len(weights) != num_frames:
        raise ValueError(
            f"camera {config.name!r} has {len(weights)} exposure weights but a group has {num_frames} frames; "
            "give one weight a frame"
        )
    return weights / weights.sum()


def subframe_times(num_frames: int, factor: int) -> np.ndarray:
    """Moments of the sub-frames in frame times, where frame i (from 1) has its own middle at i.

    With factor 1 these are the frames. With an even factor F they follow each other by 1 / F from 1/2 to
    num_frames + 1/2 and have the frames among them: (num_frames * F + 1,).
    """
    if factor == 1:
        return np.arange(1.0, num_frames + 1)
    assert factor % 2 == 0, "an odd factor has no sub-frame on the boundary of two frame times"
    return 0.5 + np.arange(num_frames * factor + 1) / factor


def subframe_weights(weights: np.ndarray, factor: int) -> np.ndarray:
    """Share of each sub-frame in the exposure, by the trapezoidal rule within each frame time.

    Parameters
    ----------
    weights : (N,) share of each frame
    factor : sub-frames in a frame time

    Returns
    -------
    as long as :func:`subframe_times`, of the same sum
    """
    if factor == 1:
        return weights
    shares = np.zeros(len(weights) * factor + 1)
    rule = np.array([0.5, *np.ones(factor - 1), 0.5]) / factor
    for index, weight in enumerate(weights):
        shares[index * factor : (index + 1) * factor + 1] += weight * rule
    return shares


def _between_frames(psfs: np.ndarray, times: np.ndarray) -> np.ndarray:
    """PSFs at ``times`` by linear interpolation; before the first and after the last frame they stay."""
    position = np.clip(times - 1, 0, len(psfs) - 1)
    before = np.floor(position).astype(int)
    after = np.minimum(before + 1, len(psfs) - 1)
    share = (position - before)[:, None, None, None]
    result: np.ndarray = psfs[before] * (1 - share) + psfs[after] * share
    return result
