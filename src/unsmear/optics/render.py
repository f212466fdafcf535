"""Rendering of the blurry images of a whole sequence, from one memory-mapped store to another."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from unsmear.files import write_atomically, write_json
from unsmear.frames.grouping import cut_groups
from unsmear.frames.store import open_store, remove_leftovers, store_digest
from unsmear.optics.camera import Camera


def render_blur(
    frames_path: str | Path,
    camera_psfs_path: str | Path,
    camera_path: str | Path,
    output_path: str | Path,
    *,
    note_path: str | Path | None = None,
    split: str | None = None,
    sequence: str | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> None:
    """Render one blurry image for every frame group of a sequence: windows that do not overlap.

    Parameters
    ----------
    frames_path : ``.npy`` (T, H, W, 3) uint8
    camera_psfs_path, camera_path : what :func:`unsmear.optics.simulate.simulate_camera` wrote
    output_path : ``.npy`` to write, (G, H, W, 3) uint8; it appears whole or not at all
    note_path : ``.json`` to write: digests of the frames and of what was rendered, so that a training can tell
        whether they belong together
    split, sequence : part of the seed
    seed : of the noise; each group draws its own from the seed, split, sequence and its number
    num_threads : of the libraries; 1 where the workflow runs a job on each core

    Raises
    ------
    ValueError
        If a file is missing or damaged, or the sequence is shorter than a group of the camera's.
    """
    camera = Camera.load(camera_psfs_path, camera_path)
    store = open_store(frames_path)
    frames = np.asarray(store)  # a plain view: slices of a memory map class cost more than a strip's sum
    groups = cut_groups(split or "", sequence or "", len(frames), camera.num_frames)
    if not groups:
        raise ValueError(
            f"{frames_path} holds {len(frames)} frames, but camera {camera.name} was simulated for groups of "
            f"{camera.num_frames}; extract longer sequences, or simulate the camera again"
        )
    shape = (len(groups), *frames.shape[1:])
    remove_leftovers(output_path)
    key = zlib.crc32(f"{split}/{sequence}".encode())
    with _threads(num_threads), write_atomically(output_path) as temporary, temporary.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        picture = np.empty(shape[1:], np.uint8)
        for group in groups:
            camera.render(frames[group.frames], (seed, key, group.group), out=picture)
            stream.write(picture.data)
            _release(store)
    if note_path is not None:
        digests = {"frames_digest": store_digest(frames_path), "blur_digest": store_digest(output_path)}
        write_json(note_path, {"format_version": 1, **digests})


def _release(store: np.memmap) -> None:
    """Let go of the pages read so far: resident memory stays that of one group."""
    mapped = getattr(store, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(number)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
