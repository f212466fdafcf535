"""The ``scenes`` section: how many built-in scenes, how large and how fast."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ScenesConfig(BaseModel):
    """Built-in moving scenes, made from the photographs inside scikit-image's wheel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int = Field(128, ge=128, le=2160, description="height of a frame, pixels")
    width: int = Field(128, ge=128, le=3840, description="width of a frame, pixels")
    train_sequences: int = Field(30, ge=1, le=900, description="number of training sequences")
    val_sequences: int = Field(6, ge=1, le=99, description="number of validation sequences")
    test_sequences: int = Field(54, ge=1, le=999, description="number of test sequences")
    train_frames: int = Field(70, ge=3, le=500, description="frames of a training sequence")
    val_frames: int = Field(28, ge=3, le=500, description="frames of a validation sequence")
    test_frames: int = Field(21, ge=3, le=500, description="frames of a test sequence")
    sequences_per_archive: int = Field(15, ge=1, le=999, description="sequences in one zip (REDS has 15)")
    max_speed: float = Field(6.0, ge=0, le=12, description="largest speed of an image point, pixels a frame")
    shutter: float = Field(0.2, gt=0, le=1, description="share of its frame time that a sharp frame integrates")
    subframes: int = Field(5, ge=1, le=64, description="instants averaged into one sharp frame")

    @model_validator(mode="after")
    def _sequence_numbers_fit(self) -> ScenesConfig:
        if self.train_sequences + self.val_sequences > 999:
            raise ValueError("train_sequences + val_sequences must be at most 999: names have three digits")
        return self

    def num_sequences(self, split: str) -> int:
        """Number of sequences of ``split`` (train, val or test)."""
        return int(getattr(self, f"{split}_sequences"))

    def num_frames(self, split: str) -> int:
        """Number of frames of each sequence of ``split``."""
        return int(getattr(self, f"{split}_frames"))
