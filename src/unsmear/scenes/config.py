"""The ``scenes`` section: how many built-in scenes, of which photographs, how large and how fast."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from unsmear.section import Section


class ScenesConfig(Section):
    """Moving scenes made from photographs: those inside the wheels of dependencies, or any others."""

    photographs: Literal["builtin"] | str | tuple[str, ...] = Field(
        "builtin",
        description="builtin: those inside the wheels of scikit-image, scikit-learn and Matplotlib; or a folder "
        "(with subfolders train, val and test, or divided by itself), or a list of files",
    )
    height: int = Field(128, ge=128, le=2160, description="height of a frame, pixels")
    width: int = Field(128, ge=128, le=3840, description="width of a frame, pixels")
    train_sequences: int = Field(30, ge=1, le=900, description="number of training sequences")
    val_sequences: int = Field(6, ge=1, le=99, description="number of validation sequences")
    test_sequences: int = Field(54, ge=1, le=999, description="number of test sequences")
    train_frames: int = Field(70, ge=3, le=500, description="frames of a training sequence")
    val_frames: int = Field(28, ge=3, le=500, description="frames of a validation sequence")
    test_frames: int = Field(21, ge=3, le=500, description="frames of a test sequence")
    cut_every: int | None = Field(
        None,
        ge=3,
        le=500,
        description="a training sequence cuts to another scene after so many frames, whole frame groups; null: never",
    )
    sequences_per_archive: int = Field(15, ge=1, le=999, description="sequences in one zip (REDS has 15)")
    max_speed: float = Field(6.0, ge=0, le=12, description="largest speed of an image point, pixels a frame")
    min_speed: float | None = Field(
        None,
        ge=0,
        description="each scene's own largest speed is drawn evenly between this and max_speed; null: it is max_speed",
    )
    at_rest: float = Field(0.0, ge=0, le=1, description="share of the training scenes in which nothing moves")
    native: bool = Field(
        False, description="pieces of photographs keep their sharpness: never enlarged or smoothed, at most reduced"
    )
    recolour: float = Field(1.0, ge=0, le=1, description="share of the training scenes' layers whose colours are mixed")
    focal_length: float | None = Field(
        None,
        ge=100,
        le=1e5,
        description="of the shaken camera, pixels: it turns about its axes, pictures move by homographies; null: "
        "they are shifted",
    )
    parallax: float = Field(
        0.0, ge=0, le=2, description="largest share by which something near moves more than the background"
    )
    lights: float = Field(0.0, ge=0, le=20, description="mean number of small saturated lights in a scene")
    shutter: float = Field(0.2, gt=0, le=1, description="share of its frame time that a sharp frame integrates")
    subframes: int = Field(5, ge=1, le=64, description="instants averaged into one sharp frame")

    @model_validator(mode="after")
    def _sequence_numbers_fit(self) -> ScenesConfig:
        if self.train_sequences + self.val_sequences > 999:
            raise ValueError("train_sequences + val_sequences must be at most 999: names have three digits")
        if self.min_speed is not None and self.min_speed > self.max_speed:
            raise ValueError(f"min_speed {self.min_speed:g} is above max_speed {self.max_speed:g}; lower it")
        return self

    def num_sequences(self, split: str) -> int:
        """Number of sequences of ``split`` (train, val or test)."""
        return int(getattr(self, f"{split}_sequences"))

    def num_frames(self, split: str) -> int:
        """Number of frames of each sequence of ``split``."""
        return int(getattr(self, f"{split}_frames"))

    def scene_frames(self, split: str) -> int:
        """Number of frames that one scene of ``split`` lasts."""
        return (
            min(self.cut_every or self.train_frames, self.train_frames) if split == "train" else self.num_frames(split)
        )

    def scene_at(self, split: str, number: int, frame: int) -> tuple[int, int]:
        """Scene (from 0) that sequence ``number`` shows in its frame ``frame`` (from 1), and the scene's own frame."""
        length = self.scene_frames(split)
        earlier, offset = divmod(frame - 1, length)
        return number * -(-self.num_frames(split) // length) + earlier, offset + 1
