"""Frame stores: one uncompressed `.npy` a sequence, (T, H, W, 3) uint8 RGB, read by memory map.

Raw bytes beat compressed ones here: training reads random crops, and a memory map gives 15,000 of
them a second where decoding gives tens. The `.npy` header carries the format's version.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from unsmear.files import write_atomically

StoreShape = tuple[int | None, int, int, int]

_BLOCK_BYTES = 16 * 2**10
_WHOLE_BYTES = 32 * 2**20


class StoreWriter:
    """A store under construction: ``writer[i] = frame`` writes frame i, in any order.

    Frames go to the file by plain writes: on a full disk they raise an error, where a memory map
    would end the process.
    """

    def __init__(self, path: Path, shape: StoreShape) -> None:
        self.shape = shape
        self._frame_bytes = int(np.prod(shape[1:]))
        self._written: set[int] = set()
        self._stream = path.open("w+b")
        self._write_header(shape[0] or 0)
        self._start = self._stream.tell()

    def _write_header(self, num_frames: int) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (num_frames, *self.shape[1:])}
        self._stream.seek(0)
        np.lib.format.write_array_header_1_0(self._stream, header)
        self._stream.flush()

    def __setitem__(self, index: int, frame: np.ndarray) -> None:
        if frame.shape != self.shape[1:] or frame.dtype != np.uint8:
            raise ValueError(f"a frame of {frame.shape} {frame.dtype} for a store of {self.shape[1:]} uint8")
        if index < 0 or (self.shape[0] is not None and index >= self.shape[0]):
            raise IndexError(f"index {index} in a store of {self.shape[0]} frames")
        data = memoryview(np.ascontiguousarray(frame).data).cast("B")
        offset = self._start + index * self._frame_bytes
        while len(data) > 0:
            count = os.pwrite(self._stream.fileno(), data, offset)
            data, offset = data[count:], offset + count
        self._written.add(index)

    def keep(self, indices: Sequence[int]) -> None:
        """Keep of the frames written so far only those at ``indices``, rising, which move together."""
        assert self.shape[0] is None and list(indices) == sorted(set(indices))
        for place, index in enumerate(indices):
            if place != index:
                data = os.pread(self._stream.fileno(), self._frame_bytes, self._start + index * self._frame_bytes)
                self[place] = np.frombuffer(data, np.uint8).reshape(self.shape[1:])
        self._written = set(range(len(indices)))
        os.ftruncate(self._stream.fileno(), self._start + len(indices) * self._frame_bytes)

    def _finish(self) -> None:
        num_frames = self.shape[0]
        if num_frames is None:
            # The header has room for a longer first axis, so it keeps its length.
            num_frames = max(self._written, default=-1) + 1
            self._write_header(num_frames)
            assert self._stream.tell() == self._start
        if len(self._written) != num_frames:
            raise ValueError(f"{num_frames - len(self._written)} of {num_frames} frames were not written")


def remove_leftovers(path: str | Path) -> None:
    """Delete what a killed job left of writing ``path``; one job at a time may write it."""
    path = Path(path)
    for left in path.parent.glob(f".{path.stem}.*.tmp{path.suffix}"):
        left.unlink(missing_ok=True)


@contextmanager
def create_store(path: str | Path, shape: StoreShape) -> Iterator[StoreWriter]:
    """Write a store of ``shape`` (T, H, W, 3) that appears under ``path`` when every frame is there.

    With None for T the store has as many frames as are written.

    Raises
    ------
    ValueError
        If the shape is no store's, a frame does not fit, or the block ends with frames missing.
    """
    if len(shape) != 4 or shape[3] != 3 or min(shape[1:]) < 1 or (shape[0] or 0) < 0:
        raise ValueError(f"{path}: a store has the shape (frames, height, width, 3), not {shape}")
    path = Path(path)
    remove_leftovers(path)
    with write_atomically(path) as temporary:
        writer = StoreWriter(temporary, shape)
        with writer._stream:
            yield writer
            writer._finish()


def open_store(path: str | Path) -> np.memmap:
    """Memory map of a store, (T, H, W, 3) uint8 RGB, read-only.

    Raises
    ------
    ValueError
        If the file is missing, torn, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such store; run the workflow to make it")
    try:
        store = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path}: the store is torn or no .npy file ({error}); delete it and run again") from None
    if not isinstance(store, np.memmap) or store.dtype != np.uint8 or store.ndim != 4 or store.shape[3] != 3:
        found = f"{getattr(store, 'shape', None)} {getattr(store, 'dtype', type(store).__name__)}"
        raise ValueError(f"{path}: a store is (T, H, W, 3) uint8, found {found}; delete it and run again")
    if not store.flags.c_contiguous:
        raise ValueError(f"{path}: the store is in Fortran order; delete it and run again")
    expected = store.offset + store.size
    if path.stat().st_size != expected:
        raise ValueError(f"{path}: {path.stat().st_size} bytes where {expected} were expected; delete it and run again")
    return store


def store_digest(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a store's header, size and content, cheap for large stores.

    Up to 32 MiB all bytes count. Above, 16 KiB of every frame do, at a place that wanders through
    the frame: another sequence, size, order, or any exchanged frame changes the digest; a few
    altered pixels may not.
    """
    store = open_store(path)
    digest = hashlib.sha256(f"{store.shape}".encode())
    if store.size <= _WHOLE_BYTES:
        digest.update(store.data)
        return digest.hexdigest()
    frame_bytes = int(np.prod(store.shape[1:]))
    room = max(frame_bytes - _BLOCK_BYTES, 1)
    flat = store.reshape(store.shape[0], frame_bytes)
    for index in range(store.shape[0]):
        start = (index * 2654435761) % room
        digest.update(np.ascontiguousarray(flat[index, start : start + _BLOCK_BYTES]).data)
    return digest.hexdigest()
