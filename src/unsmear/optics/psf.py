"""PSFs as arrays: reading them from files, checking, normalising."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def load_psfs(path: str | Path, variable: str | None = None) -> np.ndarray:
    """Read PSFs from a file.

    Parameters
    ----------
    path : ``.npy`` or ``.npz`` holding (N, K, K, 3), or MATLAB ``.mat`` holding that or a cell of N
        arrays (K, K, 3); colours in the order red, green, blue
    variable : name inside ``.npz`` or ``.mat``; may be left out where the file has one array

    Returns
    -------
    (N, K, K, 3) float64, checked by :func:`check_psfs`

    Raises
    ------
    ValueError
        If the file is missing, unreadable, of another kind, or holds no valid PSFs.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"PSF file {path} does not exist; give the path of a .npy, .npz or .mat file")
    if path.suffix not in (".npy", ".npz", ".mat"):
        raise ValueError(f"PSF file {path} ends in {path.suffix!r}; use .npy, .npz or .mat")
    try:
        if path.suffix == ".npy":
            value = np.load(path, allow_pickle=False)
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                value = arrays[_choose(path, list(arrays.files), variable)]
        else:
            value = _load_matlab(path, variable)
    except _UserError:
        raise
    except Exception as error:  # numpy and scipy raise a dozen kinds for a damaged file
        raise ValueError(f"cannot read PSF file {path}: {error}; write the file again") from error
    psfs = check_psfs(_stack_cell(value, path), str(path))
    empty = np.argwhere(psfs.sum(axis=(1, 2)) <= 0)
    if len(empty):
        frame, channel = empty[0]
        raise ValueError(
            f"PSF of frame {frame + 1}, {('red', 'green', 'blue')[channel]}, of {path} is all zero; "
            "write the light of the point into it"
        )
    return psfs


def check_psfs(psfs: Any, source: str) -> np.ndarray:
    """Return ``psfs`` as (N, K, K, 3) float64, or say what is wrong with them.

    Parameters
    ----------
    psfs : array-like
    source : where they come from, for the message

    Raises
    ------
    ValueError
        If the shape is not (N, K, K, 3), K is even, or a value is not finite or negative.
    """
    array = np.asarray(psfs)
    if array.ndim != 4 or array.shape[1] != array.shape[2] or array.shape[3] != 3 or 0 in array.shape:
        raise ValueError(f"PSFs of {source} have shape {array.shape}; expected (frames, size, size, 3)")
    if array.shape[1] % 2 == 0:
        raise ValueError(f"PSFs of {source} have the even size {array.shape[1]}; pad or crop to an odd one")
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"PSFs of {source} have type {array.dtype}; give real numbers")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(
            f"PSFs of {source} have {np.count_nonzero(~np.isfinite(array))} values that are not finite; "
            "replace NaN and infinity"
        )
    if array.min() < 0:
        raise ValueError(f"PSFs of {source} have negative energy, the least value is {array.min():.3g}; clip them at 0")
    return array


def delta_psfs(num_frames: int, size: int = 1) -> np.ndarray:
    """PSFs of an ideal lens: (num_frames, size, size, 3) float64, 1 in the middle and 0 elsewhere."""
    psfs = np.zeros((num_frames, size, size, 3))
    psfs[:, size // 2, size // 2] = 1
    return psfs


def is_delta(psfs: np.ndarray) -> bool:
    """Whether every PSF is exactly 1 in the middle and 0 elsewhere."""
    return bool(np.array_equal(psfs, delta_psfs(psfs.shape[0], psfs.shape[1])))


def normalize_psfs(psfs: np.ndarray) -> np.ndarray:
    """Divide each frame's and colour's PSF by its sum; (N, K, K, 3) to the same."""
    result: np.ndarray = psfs / psfs.sum(axis=(1, 2), keepdims=True)
    return result


class _UserError(ValueError):
    """A mistake whose message is ready for the user."""


def _choose(path: Path, names: list[str], variable: str | None) -> str:
    if variable is None and len(names) == 1:
        return names[0]
    if variable is None:
        raise _UserError(f"{path} holds {sorted(names)}; say which with `variable`")
    if variable not in names:
        raise _UserError(f"{path} has no {variable!r}; it holds {sorted(names)}")
    return variable


def _load_matlab(path: Path, variable: str | None) -> np.ndarray:
    from scipy.io import loadmat

    content = loadmat(path)
    names = [name for name in content if not name.startswith("__")]
    return np.asarray(content[_choose(path, names, variable)])


def _stack_cell(value: np.ndarray, path: Path) -> np.ndarray:
    """A MATLAB cell arrives as an array of arrays."""
    if value.dtype != object:
        return value
    cells = [np.asarray(cell) for cell in value.ravel()]
    shapes = sorted({cell.shape for cell in cells})
    if len(shapes) != 1:
        raise ValueError(f"PSFs of {path} have different shapes {shapes}; crop or pad them to one")
    return np.stack(cells)
