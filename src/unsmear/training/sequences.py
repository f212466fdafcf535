"""A sequence that a training reads, by its name and its stores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unsmear.section import Section


class SequenceStores(Section):
    """One sequence of the train or the val split."""

    split: Literal["train", "val"] = Field(description="which split it belongs to")
    sequence: str = Field(description="its name")
    frames: str = Field(description="store of its sharp frames")
    blur: str = Field(description="store of one camera's blurry pictures")
    motion: str | None = Field(None, description="store of its motion, for a stage that predicts motion")
