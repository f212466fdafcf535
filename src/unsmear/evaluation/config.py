"""The section ``evaluation:`` of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from unsmear.cascade.config import InferenceConfig
from unsmear.section import Section

# Names of the rows beside a camera's picture and beside a system: what needs no network of its own.
BASELINES_OF_INPUT = ("wiener", "shift")
BASELINES_OF_SYSTEM = ("repeated", "shift")


class LpipsWeights(Section):
    """Files of one LPIPS variant; each a local path or an http(s) URL."""

    trunk: str = Field(description="State dict of the plain AlexNet or VGG16 (torch.save), path or URL.")
    trunk_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the trunk's file.")
    linear: str = Field(description="State dict of the LPIPS linear layers (torch.save), path or URL.")
    linear_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the linear layers' file.")


class RobustnessConfig(Section):
    """Cameras that differ from the one trained for, on whose pictures a system is tried unchanged."""

    sequences: int = Field(30, ge=1, description="Test sequences that count, the first group of each.")
    psi_changes: tuple[Annotated[float, Field(gt=-1, allow_inf_nan=False)], ...] = Field(
        (-0.10, -0.05, 0.05, 0.10), description="Relative changes of the focus sweep's range, above -1."
    )
    wavelength_changes_nm: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = Field(
        (-20.0, -10.0, 10.0, 20.0), description="Shifts of all wavelengths, nm."
    )
    noise_sigmas: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        (0.005, 0.01, 0.02), description="Read noise added to the camera's own, full scale 1."
    )


class EvaluationConfig(InferenceConfig):
    """How systems are run on the test sequences and scored."""

    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "float32",
        description="Arithmetic of the networks; bfloat16 is autocast; auto takes it on a GPU that has it.",
    )
    sequences_per_job: int = Field(
        1, ge=1, le=10_000, description="Test sequences that one job evaluates; more where sequences are short."
    )
    gpus: int = Field(0, ge=0, le=1, description="GPUs that one evaluation job asks the workflow for.")
    batch_size: int = Field(4, ge=1, le=256, description="Frame groups a forward pass, 1 to 256.")
    tile_size: int | None = Field(
        None, ge=64, description="Side of overlapping tiles in px, at least 64; null takes whole pictures."
    )
    tile_overlap: int = Field(32, ge=0, description="Overlap of neighbouring tiles in px, below tile_size.")
    static_threshold: float = Field(
        2.0,
        ge=0,
        le=255,
        description="Groups whose first and last frame differ by less (RMS, 8-bit codes) have no direction.",
    )
    reblur: bool = Field(True, description="Score the prediction put through its camera against the input.")
    motion: bool = Field(True, description="Estimate the motion of the frames and score it against the true one.")
    upper_bound: bool = Field(True, description="Run the outer stages on the true middle frame as well.")
    num_resamples: int = Field(10_000, ge=100, le=1_000_000, description="Bootstrap resamples.")
    confidence: float = Field(0.95, gt=0, lt=1, description="Share of resamples inside the intervals.")
    seed: int = Field(0, ge=0, description="Seed of bootstrap and of re-blur noise, 0 or more.")
    lpips: dict[Literal["alex", "vgg"], LpipsWeights] = Field(
        default_factory=dict, description="LPIPS variants to compute and their weights; empty: none."
    )
    robustness: RobustnessConfig | None = Field(
        RobustnessConfig(), description="Changed cameras for the systems that have a focus sweep or mask; null: none."
    )

    @model_validator(mode="after")
    def _overlap_fits(self) -> EvaluationConfig:
        if self.tile_size is not None and self.tile_overlap >= self.tile_size:
            raise ValueError(
                f"tile_overlap is {self.tile_overlap}, tile_size {self.tile_size}; choose an overlap below the size"
            )
        return self
