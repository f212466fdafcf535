"""Photographs that scenes are made of, divided between the splits."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

from unsmear.files import is_ignored
from unsmear.frames.picture_size import JPEG_START, is_cut_off

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
# Photographs are reduced to this shorter side: at their own size most are not sharp from pixel to pixel.
MOST_PIXELS = 720
LEAST_PIXELS = 128

# No photograph serves two splits, and the two views of the motorcycle count as one photograph.
PHOTOGRAPHS = {
    "train": (
        "astronaut.png",
        "brick.png",
        "cell.png",
        "china.jpg",
        "coins.png",
        "color.png",
        "flower.jpg",
        "grace_hopper.jpg",
        "grass.png",
        "hubble_deep_field.jpg",
        "ihc.png",
        "moon.png",
        "motorcycle_left.png",
        "motorcycle_right.png",
        "retina.jpg",
        "text.png",
    ),
    "val": ("coffee.png", "page.png", "gravel.png"),
    "test": ("camera.png", "chelsea.png", "clock_motion.png", "rocket.jpg"),
}
# Where a wheel keeps its photographs. Those without a line here are scikit-image's.
FOLDERS = {
    "china.jpg": ("sklearn", "datasets/images"),
    "flower.jpg": ("sklearn", "datasets/images"),
    "grace_hopper.jpg": ("matplotlib", "mpl-data/sample_data"),
}


def list_photographs(photographs: str | Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Files of the photographs of each split, without reading them.

    Parameters
    ----------
    photographs : ``builtin``, a folder or files. A folder's subfolders ``train``, ``val`` and ``test`` are the splits.
        Otherwise the files, by name and each once, are divided: of each ten the first is for val, the sixth for test.

    Raises
    ------
    ValueError
        If a folder or file is missing, or a split remains without a photograph.
    """
    if photographs == "builtin":
        return {split: tuple(_in_wheel(name) for name in names) for split, names in PHOTOGRAPHS.items()}
    if isinstance(photographs, str):
        folder = Path(photographs).expanduser()
        if not folder.is_dir():
            what = "is a file" if folder.is_file() else "is not there"
            raise ValueError(f"scenes.photographs: {folder} {what}; name a folder with pictures, or list files")
        found = {split: _pictures(folder / split) for split in PHOTOGRAPHS}
        if not any(found.values()):
            found = _divide(_pictures(folder))
        source = str(folder)
    else:
        files = sorted({Path(name).expanduser() for name in photographs})
        if wrong := [f"{path}, {'a folder' if path.is_dir() else 'not there'}" for path in files if not path.is_file()]:
            raise ValueError(f"scenes.photographs lists what is no file: {'; '.join(wrong)}; correct the list")
        found, source = _divide(files), "the list"
    if empty := [split for split, paths in found.items() if not paths]:
        raise ValueError(
            f"scenes.photographs: {source} leaves no photograph for {', '.join(empty)}; give at least three "
            "(JPEG, PNG, TIFF, WebP or BMP), or subfolders train, val and test with at least one each"
        )
    return found


def _in_wheel(name: str) -> Path:
    """A photograph that comes with a dependency, found without importing that."""
    package, folder = FOLDERS.get(name, ("skimage", "data"))
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"{package} is a dependency"
    return Path(spec.submodule_search_locations[0], folder, name)


def _pictures(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    return tuple(
        path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and not is_ignored(path.name)
    )


def _divide(files: Sequence[Path]) -> dict[str, tuple[Path, ...]]:
    """No file serves two splits; three files are enough for all of them."""
    val = [index for index in range(len(files)) if index % 10 == 0]
    test = [index for index in range(len(files)) if index % 10 == 5] or [1] * (len(files) > 1)
    rest = [index for index in range(len(files)) if index not in {*val, *test}]
    return {name: tuple(files[i] for i in chosen) for name, chosen in (("train", rest), ("val", val), ("test", test))}


@lru_cache(maxsize=16)
def load_photograph(path: Path) -> np.ndarray:
    """Read one photograph, at most 720 px on its shorter side.

    Returns
    -------
    (H, W, 3) uint8, RGB

    Raises
    ------
    ValueError
        If the file cannot be read or was cut off, or is too small to be moved.
    """
    import cv2
    import numpy as np

    image = None
    # OpenCV raises errors of its own for an empty file and for billions of pixels.
    with suppress(OSError, cv2.error):
        data = path.read_bytes()
        if data.startswith(JPEG_START) and is_cut_off(data):
            raise ValueError(f"photograph {path} ends too early; copy it again from where it came, or remove it")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(f"photograph {path} cannot be read as a picture; remove it or save it as JPEG or PNG")
    shorter = min(image.shape[:2])
    if shorter < LEAST_PIXELS:
        raise ValueError(
            f"photograph {path} has {shorter} px on its shorter side; at least {LEAST_PIXELS} are needed, remove it"
        )
    if shorter > MOST_PIXELS:
        factor = MOST_PIXELS / shorter
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    image.flags.writeable = False
    photograph: np.ndarray = image
    return photograph
