"""Fixtures of the report's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from finished_chain import Chain, KnownPredictor, build_chain


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Seven sequences of 48 x 48 px with two groups each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unsmear.evaluation.predict.Predictor", KnownPredictor)
        yield build_chain(tmp_path_factory.mktemp("chain"), 7, 48)
