"""Photographs that travel inside scikit-image's wheel, divided between the splits."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

# No photograph serves two splits, and the two views of the motorcycle count as one photograph.
PHOTOGRAPHS = {
    "train": (
        "astronaut.png",
        "brick.png",
        "cell.png",
        "coins.png",
        "color.png",
        "grass.png",
        "hubble_deep_field.jpg",
        "ihc.png",
        "motorcycle_left.png",
        "motorcycle_right.png",
        "retina.jpg",
        "text.png",
    ),
    "val": ("coffee.png", "page.png", "gravel.png"),
    "test": ("camera.png", "chelsea.png", "clock_motion.png", "rocket.jpg"),
}


@cache
def load_photograph(name: str) -> np.ndarray:
    """Read one photograph.

    Parameters
    ----------
    name : file name inside scikit-image's data folder, one of :data:`PHOTOGRAPHS`

    Returns
    -------
    (H, W, 3) float32 in [0, 1], RGB; the shorter side has at least 300 pixels.
    """
    import cv2

    spec = find_spec("skimage")
    assert spec is not None and spec.submodule_search_locations, "scikit-image is a dependency"
    path = Path(spec.submodule_search_locations[0]) / "data" / name
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(f"photograph {path} is missing or unreadable; reinstall scikit-image")
    shorter = min(image.shape[:2])
    if shorter < 300:
        image = cv2.resize(image, None, fx=300 / shorter, fy=300 / shorter, interpolation=cv2.INTER_CUBIC)
    elif shorter > 640:
        image = cv2.resize(image, None, fx=640 / shorter, fy=640 / shorter, interpolation=cv2.INTER_AREA)
    photograph = image.astype(np.float32) / 255
    photograph.flags.writeable = False
    return photograph
