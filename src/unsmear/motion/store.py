"""Motion of frame groups on disk: displacement fields in a memory-mapped array beside the frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unsmear.files import write_atomically

# Motion varies slowly over a picture: a field has one vector for each 2 x 2 pixels.
STRIDE = 2


def save_motion(path: str | Path, fields: np.ndarray) -> None:
    """Write the motion of a sequence's groups.

    Parameters
    ----------
    fields : (G, N, ceil(H / 2), ceil(W / 2), 2): for each frame of a group, displacements (x, y) in pixels of its
        image points to where they lie in the middle frame; kept as float16
    """
    with write_atomically(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, fields.astype(np.float16))


def open_motion(path: str | Path) -> np.ndarray:
    """Memory map of a store of motion, (G, N, h, w, 2) float16, read-only.

    Raises
    ------
    ValueError
        If the file is missing or is no such array.
    """
    try:
        fields: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as motion ({error}); delete it, and it is estimated again") from error
    if fields.ndim != 5 or fields.shape[-1] != 2 or fields.dtype != np.float16:
        raise ValueError(
            f"{path} holds {fields.shape} {fields.dtype}, not motion of shape (groups, frames, height, width, 2); "
            "delete it, and it is estimated again"
        )
    return fields


def check_motion(path: str | Path, num_groups: int, num_frames: int, size: Sequence[int]) -> None:
    """Refuse a store that does not fit its frames.

    Parameters
    ----------
    size : height and width of the frames, pixels

    Raises
    ------
    ValueError
        If its shape is not that of the groups.
    """
    wanted = (num_groups, num_frames, *(-(-side // STRIDE) for side in size), 2)
    found = open_motion(path).shape
    if found != wanted:
        raise ValueError(
            f"{path} has shape {found}, but its frames need {wanted}; delete it, and it is estimated again"
        )
