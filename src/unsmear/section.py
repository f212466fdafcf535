"""What all sections of the configuration are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Values that do not change, under keys that are all known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
