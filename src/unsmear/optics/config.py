"""The ``cameras`` section: what stands between the sharp frames and the blurry image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from unsmear.optics.optics_config import FileOptics, FocusSweepOptics, Optics, StandardOptics
from unsmear.section import Section


class GammaResponse(Section):
    """Encoded value is the linear one to the power 1 / gamma."""

    gamma: float = Field(gt=0, le=10, description="exponent from encoded to linear, no unit")


class CalibratedResponse(Section):
    """A measured response curve."""

    calibrated: Path = Field(
        description="inverse response, .npy (256, 1, 3), linear value of each code, blue first (as REDS' crf.npy)",
    )


def _find_response(value: Any) -> str | None:
    if value in ("identity", "srgb"):
        return "named"
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return next((key for key in ("gamma", "calibrated") if key in keys), None)


ResponseConfig = Annotated[
    Annotated[Literal["identity", "srgb"], Tag("named")]
    | Annotated[GammaResponse, Tag("gamma")]
    | Annotated[CalibratedResponse, Tag("calibrated")],
    Discriminator(
        _find_response,
        custom_error_type="response",
        custom_error_message="a response is one of identity, srgb, {gamma: 2.2}, {calibrated: file}",
    ),
]


class InterpolationConfig(Section):
    """Sub-frames made by optical flow, so that fast motion blurs without steps."""

    factor: Literal[1, 2, 4, 8, 16] = Field(1, description="sub-frames in each frame time; 1 is off")


class NoiseConfig(Section):
    """Noise of the sensor, in linear light, before the response; both at 0 is off."""

    full_well_electrons: float = Field(
        0.0, ge=0, le=1e9, allow_inf_nan=False, description="electrons at full scale, sets shot noise; 0 is none"
    )
    read_noise: float = Field(
        0.0, ge=0, le=1, description="standard deviation of read noise, share of full scale, 0 to 1"
    )


class CameraConfig(Section):
    """One camera: from sharp frames to a blurry image."""

    name: str = Field("standard", pattern=r"^[a-z0-9_]+$", description="name in files: a-z, 0-9 and _")
    optics: Optics = Field(StandardOptics(), description="how a point is imaged during each frame")
    normalize: Literal["none", "unit_sum"] = Field(
        "none", description="unit_sum divides every PSF by its sum, so that no light is lost by the crop"
    )
    response: ResponseConfig = Field("identity", description="identity, srgb, {gamma: 2.2} or {calibrated: file}")
    interpolation: InterpolationConfig = Field(
        InterpolationConfig(), description="sub-frames between neighbouring frames"
    )
    noise: NoiseConfig = Field(NoiseConfig(), description="noise added to the blurry image")
    quantize: Literal["round", "truncate"] = Field("round", description="from real numbers to the 256 codes")
    jpeg_quality: int | None = Field(
        None, ge=1, le=100, description="the picture is stored as JPEG of this quality; null: without loss"
    )
    symmetries: Literal["auto"] | tuple[Literal["mirror_x", "mirror_y", "transpose"], ...] = Field(
        "auto",
        description="changes of a sharp picture that change the blurry one alike, which training may use; "
        "auto: those under which the PSFs stay as they are",
    )

    @property
    def has_pupil(self) -> bool:
        """Whether its PSFs are simulated from a pupil, with or without a phase mask, whose focus moves."""
        return isinstance(self.optics, FocusSweepOptics)

    @property
    def files(self) -> tuple[str, ...]:
        """Files that the camera is described by besides this configuration."""
        optics = (str(self.optics.path),) if isinstance(self.optics, FileOptics) else ()
        response = (str(self.response.calibrated),) if isinstance(self.response, CalibratedResponse) else ()
        return optics + response
