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
from unsmear.frames.grouping import cut_groups, read_groups
from unsmear.frames.store import open_store, remove_leftovers, store_digest
from unsmear.optics.camera import Camera

Groups = list[tuple[int, int]]


def render_blur(
    frames_path: str | Path,
    camera_psfs_path: str | Path,
    camera_path: str | Path,
    groups: Groups | str | Path | None,
    output_path: str | Path,
    *,
    note_path: str | Path | None = None,
    split: str | None = None,
    sequence: str | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> None:
    """Render one blurry image for every frame group of a sequence.

    Parameters
    ----------
    frames_path : ``.npy`` (T, H, W, 3) uint8
    camera_psfs_path, camera_path : what :func:`unsmear.optics.simulate.simulate_camera` wrote
    groups : (first frame, number of frames) of each group, frames numbered from 1; or the path of
        ``groups.csv``, of which the rows of ``split`` and ``sequence`` are taken, in the order of the groups;
        or None, which cuts the whole sequence into windows that do not overlap
    output_path : ``.npy`` to write, (G, H, W, 3) uint8; it appears whole or not at all
    note_path : ``.json`` to write: digests of the frames and of what was rendered, so that a training can tell
        whether they belong together
    split, sequence : with ``groups.csv``; also part of the seed
    seed : of the noise; each group draws its own from the seed, split, sequence and its number
    num_threads : of the libraries; 1 where the workflow runs a job on each core

    Raises
    ------
    ValueError
        If a file is missing or damaged, a group reaches out of the sequence, or its number of frames is not
        the camera's.
    """
    camera = Camera.load(camera_psfs_path, camera_path)
    store = open_store(frames_path)
    frames = np.asarray(store)  # a plain view: slices of a memory map class cost more than a strip's sum
    if groups is None:
        windows = cut_groups(split or "", sequence or "", len(frames), camera.num_frames)
        groups = [(window.first_frame, window.num_frames) for window in windows]
    elif not isinstance(groups, list):
        groups = find_groups(groups, split, sequence)
    _check_groups(groups, len(frames), camera, frames_path)
    shape = (len(groups), *frames.shape[1:])
    remove_leftovers(output_path)
    key = zlib.crc32(f"{split}/{sequence}".encode())
    with _threads(num_threads), write_atomically(output_path) as temporary, temporary.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        picture = np.empty(shape[1:], np.uint8)
        for number, (first, count) in enumerate(groups, start=1):
            camera.render(frames[first - 1 : first - 1 + count], (seed, key, number), out=picture)
            stream.write(picture.data)
            _release(store)
    if note_path is not None:
        digests = {"frames_digest": store_digest(frames_path), "blur_digest": store_digest(output_path)}
        write_json(note_path, {"format_version": 1, **digests})


def find_groups(path: str | Path, split: str | None, sequence: str | None) -> Groups:
    """Groups of one sequence in ``groups.csv``, (first frame, number of frames), in the order of their number.

    Raises
    ------
    ValueError
        If the table is missing or damaged, or the sequence has no group.
    """
    if split is None or sequence is None:
        raise ValueError("groups come from a table but split or sequence is missing; pass both")
    try:
        groups = sorted(read_groups(path, split, sequence))
    except OSError as error:
        raise ValueError(f"cannot read groups from {path}: {error}; group the frames again") from error
    if not groups:
        raise ValueError(f"{path} has no group of {split}/{sequence}; check split and sequence")
    return [(group.first_frame, group.num_frames) for group in groups]


def _check_groups(groups: Groups, num_frames: int, camera: Camera, path: str | Path) -> None:
    for number, (first, count) in enumerate(groups, start=1):
        if first < 1 or first - 1 + count > num_frames:
            raise ValueError(
                f"group {number} has frames {first} to {first - 1 + count} but {path} holds 1 to {num_frames}; "
                "group the frames again"
            )
        if count != camera.num_frames:
            raise ValueError(
                f"group {number} has {count} frames but camera {camera.name!r} was simulated for "
                f"{camera.num_frames}; simulate the camera again"
            )


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
