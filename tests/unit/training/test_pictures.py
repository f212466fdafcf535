"""Sample pictures and curves of a training."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np

from unsmear.frames.png import decode_png
from unsmear.provenance import describe_environment
from unsmear.training.pictures import draw_curve, encode_samples


def test_sheet_has_a_row_for_each_frame() -> None:
    red, green, blue = (np.tile(np.eye(3, dtype=np.uint8)[i] * 255, (8, 10, 1)) for i in range(3))
    sheet = decode_png(encode_samples(red, np.stack([green, blue]), np.stack([blue, green])))
    assert sheet.shape == (16, 30, 3)
    assert sheet[0, 0].tolist() == [255, 0, 0] and sheet[15, 0].tolist() == [255, 0, 0]
    assert sheet[0, 15].tolist() == [0, 255, 0] and sheet[0, 25].tolist() == [0, 0, 255]
    assert sheet[15, 15].tolist() == [0, 0, 255] and sheet[15, 25].tolist() == [0, 255, 0]


def test_large_pictures_are_shrunk() -> None:
    picture = np.full((720, 1280, 3), 90, np.uint8)
    sheet = decode_png(encode_samples(picture, picture[None], picture[None]))
    assert sheet.shape == (180, 960, 3) and (sheet == 90).all()


def test_curve_has_a_line_for_each_split_and_scale() -> None:
    rows = [
        {"split": "train", "step": 100, "loss": 3.0},
        {"split": "val", "step": 100, "loss": 2.0, "psnr": 20.0},
        {"split": "train", "step": 200, "loss": 1.0},
        {"split": "val", "step": 200, "loss": float("nan"), "psnr": 21.0},
    ]
    root = ElementTree.fromstring(draw_curve(rows, "a<b"))
    lines = [e.get("points") for e in root.iter("{http://www.w3.org/2000/svg}polyline")]
    # Step 100 of 200 is in the middle; the largest loss is at the top, the smallest at the bottom.
    assert lines == ["320.0,60.0 580.0,340.0", "320.0,200.0"]
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "a<b: loss" and {"3", "1", "step 200", "train", "val"} <= set(texts)
    assert "polyline" not in draw_curve([], "nothing yet")


def test_environment_names_packages_with_versions() -> None:
    lines = describe_environment().splitlines()
    assert lines[0].startswith("# Python 3.")
    assert f"numpy=={np.__version__}" in lines
