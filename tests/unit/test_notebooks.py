"""The notebooks on the optics and on a training run from their first cell to their last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import numpy as np
import pytest


@pytest.fixture
def run_notebook(repository: Path, monkeypatch):
    """Function that runs the code of a notebook, with some of its texts replaced; returns its names."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def run(name: str, **replaced: str) -> dict[str, Any]:
        notebook = nbformat.read(repository / "docs" / name, as_version=4)
        nbformat.validate(notebook)
        names: dict[str, Any] = {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                source = cell.source
                for old, new in replaced.items():
                    source = source.replace(f"{old} = ", f"{old} = {new}  # ")
                exec(compile(source, f"docs/{name}", "exec"), names)
        return names

    yield run
    pyplot.close("all")


def test_the_optics_tell_the_beginning_from_the_end(run_notebook):
    names = run_notebook("optics.ipynb")
    # Blue is sharpest at the start of the exposure, red near its end; the point moves to the right.
    red, green, blue = names["sharpest"]
    assert blue < green < red
    red, green, blue = names["brightest"]["masked"]
    assert blue < green < red
    assert names["reversed_alike"] == {"standard": True, "masked": False}
    # The mean PSF of the standard camera is a point: there is nothing that the filter could undo.
    assert names["gained"]["standard"] == [0] * 5
    assert max(names["gained"]["masked"]) > 0
    assert names["frames"].shape == (7, 128, 128, 3)


@pytest.mark.slow
def test_a_training_gets_better_and_shows_it(run_notebook, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.mkdtemp", lambda: str(tmp_path))
    names = run_notebook("training.ipynb", steps="40")
    validation = names["validation"]
    assert validation.index[-1] == 40 and validation.iloc[-1] > validation.iloc[0]
    assert names["predicted"].shape == names["truth"].shape == (128, 128, 3)
    assert not np.array_equal(names["predicted"], names["blurry"])
