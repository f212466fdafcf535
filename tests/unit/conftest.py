"""Fixtures that unit tests of several packages use."""

from known_predictions import chain

__all__ = ["chain"]
