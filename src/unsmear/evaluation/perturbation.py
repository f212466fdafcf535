"""Cameras that differ a little from one of the configuration. Read when the workflow is planned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from unsmear.evaluation.config import RobustnessConfig
from unsmear.optics.config import CameraConfig


def perturbed_cameras(camera: CameraConfig, config: RobustnessConfig) -> Iterator[tuple[str, float, CameraConfig]]:
    """The camera itself, then each configured change of it: kind, change, camera.

    Cameras without a focus sweep have no ``psi`` and no ``wavelength`` to change. ``psi`` stretches
    the sweep from its first value, ``noise`` adds read noise to what the camera has.

    Raises
    ------
    pydantic.ValidationError
        If no lens can be changed like that, such as one whose pupil would outgrow its grid.
    """
    yield "none", 0.0, camera
    optics: Any = camera.optics
    if hasattr(optics, "psi_range"):
        first, last = optics.psi_range
        for change in config.psi_changes:
            psi_range = (first, first + (last - first) * (1 + change))
            yield "psi", change, _with_optics(camera, psi_range=psi_range)
        for shift in config.wavelength_changes_nm:
            wavelengths = tuple(wavelength + shift for wavelength in optics.wavelengths_nm)
            yield "wavelength", shift, _with_optics(camera, wavelengths_nm=wavelengths)
    for sigma in config.noise_sigmas:
        read_noise = math.hypot(camera.noise.read_noise, sigma)
        yield (
            "noise",
            sigma,
            camera.model_copy(update={"noise": camera.noise.model_copy(update={"read_noise": read_noise})}),
        )


def _with_optics(camera: CameraConfig, **values: Any) -> CameraConfig:
    # Built anew, not copied: impossible optics are refused.
    optics = type(camera.optics).model_validate({**camera.optics.model_dump(), **values})
    return camera.model_copy(update={"optics": optics})
