"""The ``optics`` of a camera: how a point is imaged during each frame."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from unsmear.section import Section

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class StandardOptics(Section):
    """An ideal lens: a point stays a point in every frame."""

    kind: Literal["standard"] = "standard"


class FocusSweepOptics(Section):
    """A clear circular aperture whose focus moves during the exposure."""

    kind: Literal["focus_sweep"] = "focus_sweep"
    psi_range: tuple[Finite, Finite] = Field(
        (0.0, 8.0),
        description="defocus parameter psi of the first and the last frame, radians at the pupil's edge "
        "for the design wavelength",
    )
    wavelengths_nm: tuple[Positive, Positive, Positive] = Field(
        (600.0, 535.0, 455.0), description="wavelength of red, green and blue, nm"
    )
    design_wavelength_nm: float = Field(
        455.0, gt=0, allow_inf_nan=False, description="wavelength at which the phases are given, nm"
    )
    pupil_grid: int = Field(243, ge=3, le=8191, description="samples across the pupil grid, odd")
    pupil_radius: float = Field(
        60.5,
        gt=0,
        allow_inf_nan=False,
        description="radius of the pupil at the design wavelength, samples; half of it over the grid is the "
        "cut-off frequency in cycles a pixel",
    )
    psf_size: int = Field(27, ge=1, le=1023, description="side of the cropped PSF, pixels, odd")
    integrate_pixel: bool = Field(False, description="average the PSF over the area of each pixel")
    spectral_bandwidth_nm: tuple[NonNegative, NonNegative, NonNegative] = Field(
        (0.0, 0.0, 0.0),
        description="full width of the evenly sensitive band of red, green and blue, nm; 0 is one wavelength",
    )
    spectral_samples: int = Field(9, ge=1, le=99, description="wavelengths averaged in a band")
    integrate_sweep: bool = Field(
        False, description="average the PSF over the psi that pass during each frame's own time"
    )
    sweep_samples: int = Field(9, ge=1, le=99, description="values of psi averaged in a frame time")

    @field_validator("pupil_grid", "psf_size")
    @classmethod
    def _is_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"must be odd so that one sample lies on the axis, found {value}; add 1")
        return value

    @model_validator(mode="after")
    def _pupil_fits(self) -> FocusSweepOptics:
        if self.psf_size > self.pupil_grid:
            raise ValueError(
                f"psf_size {self.psf_size} is larger than pupil_grid {self.pupil_grid}; "
                "raise pupil_grid and pupil_radius together, or lower psf_size"
            )
        for wavelength, bandwidth in zip(self.wavelengths_nm, self.spectral_bandwidth_nm, strict=True):
            shortest = wavelength - bandwidth / 2
            radius = self.pupil_radius * self.design_wavelength_nm / max(shortest, 1e-9)
            if shortest <= 0 or radius > self.pupil_grid // 2:
                raise ValueError(
                    f"a pupil of {radius:.4g} samples at {shortest:.4g} nm does not fit a grid of "
                    f"{self.pupil_grid} samples; lower pupil_radius or spectral_bandwidth_nm, "
                    "or raise pupil_grid"
                )
        return self


class MaskedOptics(FocusSweepOptics):
    """A ring-shaped phase mask in the pupil together with the focus sweep; the defaults are the published lens."""

    kind: Literal["masked"] = "masked"  # type: ignore[assignment]
    ring_radii: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        (0.55, 0.80), description="inner radius of each ring, share of the pupil radius, rising"
    )
    ring_phases_rad: tuple[Finite, ...] = Field(
        (6.532100252769, 13.23590960215),
        description="phase of each ring from its inner radius to the next, radians at the design wavelength",
    )

    @model_validator(mode="after")
    def _rings_match(self) -> MaskedOptics:
        if len(self.ring_radii) != len(self.ring_phases_rad):
            raise ValueError(
                f"{len(self.ring_radii)} ring_radii but {len(self.ring_phases_rad)} ring_phases_rad; "
                "give one phase for each ring"
            )
        if any(b <= a for a, b in zip(self.ring_radii, self.ring_radii[1:], strict=False)):
            raise ValueError(f"ring_radii must rise, found {list(self.ring_radii)}; sort them")
        return self


class CodedExposureOptics(Section):
    """An ideal lens with a shutter that flutters: each frame has a weight of its own."""

    kind: Literal["coded_exposure"] = "coded_exposure"
    weights: tuple[NonNegative, ...] = Field(
        (1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0),
        min_length=1,
        description="light that passes in each frame, one number a frame, 0 or more; only ratios matter",
    )

    @field_validator("weights")
    @classmethod
    def _some_light(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if sum(value) <= 0:
            raise ValueError("all weights are 0, no light passes; set at least one above 0")
        return value


class FileOptics(Section):
    """PSFs read from a file, for a measured lens or one that another program simulated."""

    kind: Literal["file"] = "file"
    path: Path = Field(
        Path("psfs.npy"),
        description="PSFs as .npy or .npz (frames, size, size, 3) or MATLAB .mat (cell of size x size x 3)",
    )
    variable: str | None = Field(None, description="name inside .npz or .mat; needed where there are several")


def _expand_kind(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


OpticsKind = Literal["standard", "masked", "focus_sweep", "coded_exposure", "file"]
AnyOptics = StandardOptics | MaskedOptics | FocusSweepOptics | CodedExposureOptics | FileOptics
DiscriminatedOptics = Annotated[AnyOptics, Field(discriminator="kind")]
Optics = Annotated[
    DiscriminatedOptics,
    BeforeValidator(_expand_kind, json_schema_input_type=OpticsKind | DiscriminatedOptics),
]
