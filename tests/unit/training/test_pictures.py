"""Sample pictures of a training."""

from __future__ import annotations

import numpy as np

from unsmear.frames.png import decode_png
from unsmear.provenance import describe_environment
from unsmear.training.pictures import encode_samples


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


def test_environment_names_packages_with_versions() -> None:
    lines = describe_environment().splitlines()
    assert lines[0].startswith("# Python 3.")
    assert f"numpy=={np.__version__}" in lines
