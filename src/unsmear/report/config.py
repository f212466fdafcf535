"""The section ``report:`` of the configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from unsmear.section import Section


class Region(Section):
    """A picture and a square in it to look at closely."""

    sequence: str = Field(description="Test sequence, such as '004'.")
    group: int = Field(1, ge=1, description="Frame group of the sequence, from 1.")
    top: int | None = Field(None, ge=0, description="First row of the square, px; null: where motion is.")
    left: int | None = Field(None, ge=0, description="First column, px; null: where motion is.")
    size: int | None = Field(None, ge=8, description="Side, px; null: a third of the shorter side.")


Rule = Literal["largest_gain", "largest_loss", "most_motion", "median"]


class ReportConfig(Section):
    """What the report shows; changing it retrains and re-evaluates nothing."""

    title: str = Field("Seven sharp frames from one blurry picture", description="Heading of the page.")
    select: tuple[Rule, ...] = Field(
        ("largest_gain", "median", "most_motion", "largest_loss"),
        description="Rules that choose the frame groups to show.",
    )
    regions: tuple[Region, ...] = Field((), description="Further frame groups, or squares, to show.")
    labels: dict[str, str] = Field(default_factory=dict, description="Text for a system, by its name.")
    video_rate: float = Field(8.0, gt=0, le=60, description="Frames a second in videos, 0 to 60.")
    video_loops: int = Field(4, ge=1, le=100, description="Times that a video repeats its frames, 1 to 100.")
    video_height: int = Field(
        360, ge=64, le=2160, description="Small pictures are enlarged to about this height in videos, px."
    )
    gif: bool = Field(True, description="Write an animated GIF beside each video.")
    figure_dpi: int = Field(150, ge=50, le=600, description="Resolution of figures, dots per inch.")

    @property
    def gallery_names(self) -> list[str]:
        """Stems of the gallery's files, known before anything is evaluated."""
        return [*self.select, *(f"region_{number}" for number in range(1, len(self.regions) + 1))]

    @field_validator("select")
    @classmethod
    def _rules_differ(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if len(set(rules)) != len(rules):
            raise ValueError("a rule is named twice; each chooses one group")
        return rules
