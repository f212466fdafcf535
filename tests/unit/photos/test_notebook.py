"""The notebook runs from its first cell to its last."""

from __future__ import annotations

import sys
import types

import nbformat

from unsmear.cascade.order import find_weights
from unsmear.weights import load


def test_the_notebook_goes_from_a_photo_to_its_frames(repository, weights, monkeypatch):
    shown: list[tuple[int, int]] = []
    display = types.ModuleType("IPython.display")
    display.display = lambda image: shown.append(image.size)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(load, "shipped_weights", lambda camera: find_weights([weights]))
    notebook = nbformat.read(repository / "docs/photo.ipynb", as_version=4)
    nbformat.validate(notebook)
    names: dict[str, object] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, "docs/photo.ipynb", "exec"), names)
    assert shown == [(480, 360)] * 2
    assert names["smooth"].frames.shape == (15, 360, 480, 3)
    assert {path.name for path in names["folder"].iterdir()} >= {"frame_15.png", "film.mp4", "comparison.jpg"}
