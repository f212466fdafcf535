from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unsmear.frames import store as store_module
from unsmear.frames.store import create_store, open_store, store_digest


def write(path: Path, frames: np.ndarray, length: int | None = -1) -> Path:
    shape = (len(frames) if length == -1 else length, *frames.shape[1:])
    with create_store(path, shape) as store:
        for index, frame in enumerate(frames):
            store[index] = frame
    return path


@pytest.mark.parametrize("length", [-1, None])
def test_numpy_reads_back_what_was_written(tmp_path: Path, random_frames, length: int | None) -> None:
    frames = random_frames(11)
    path = write(tmp_path / "a" / "000.npy", frames, length)
    assert np.array_equal(np.load(path), frames)
    store = open_store(path)
    assert isinstance(store, np.memmap)
    assert not store.flags.writeable
    assert np.array_equal(store, frames)


def test_frames_may_come_in_any_order(tmp_path: Path, random_frames) -> None:
    frames = random_frames(5)
    with create_store(tmp_path / "000.npy", frames.shape) as store:
        for index in (3, 0, 4, 2, 1):
            store[index] = frames[index]
    assert np.array_equal(open_store(tmp_path / "000.npy"), frames)


def test_slices_and_turned_arrays_are_written_right(tmp_path: Path, random_frames) -> None:
    frames = random_frames(2, 20, 20)
    with create_store(tmp_path / "000.npy", (2, 20, 20, 3)) as store:
        store[0] = frames[0].transpose(1, 0, 2)
        store[1] = frames[1][::-1, :, ::-1]
    found = open_store(tmp_path / "000.npy")
    assert np.array_equal(found[0], frames[0].transpose(1, 0, 2))
    assert np.array_equal(found[1], frames[1][::-1, :, ::-1])


def test_an_unfinished_store_never_appears(tmp_path: Path, random_frames) -> None:
    frames = random_frames(3)
    path = write(tmp_path / "000.npy", frames)
    with pytest.raises(ValueError, match="1 of 3 frames were not written"), create_store(path, frames.shape) as store:
        store[0] = store[2] = frames[1]
    with pytest.raises(RuntimeError), create_store(path, frames.shape) as store:
        store[0] = frames[1]
        raise RuntimeError
    assert np.array_equal(open_store(path), frames)
    assert [entry.name for entry in tmp_path.iterdir()] == ["000.npy"]


def test_what_a_killed_job_left_is_removed(tmp_path: Path, random_frames) -> None:
    (tmp_path / ".000.99999.tmp.npy").write_bytes(b"half")
    (tmp_path / ".001.99999.tmp.npy").write_bytes(b"another job's")
    write(tmp_path / "000.npy", random_frames(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".001.99999.tmp.npy", "000.npy"]


def test_frames_that_do_not_fit_are_refused(tmp_path: Path, random_frames) -> None:
    with pytest.raises(ValueError, match="store of"), create_store(tmp_path / "0.npy", (2, 4, 5, 3)) as store:
        store[0] = random_frames(1, 5, 4)[0]
    with pytest.raises(ValueError, match="store of"), create_store(tmp_path / "0.npy", (2, 4, 5, 3)) as store:
        store[0] = np.zeros((4, 5, 3), np.float32)
    with pytest.raises(IndexError), create_store(tmp_path / "0.npy", (2, 4, 5, 3)) as store:
        store[2] = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(ValueError, match="shape"), create_store(tmp_path / "0.npy", (2, 4, 5, 4)):
        pass


@pytest.mark.parametrize("keep", [0, 5, 100, 200, -1])
def test_a_torn_store_is_an_error(tmp_path: Path, random_frames, keep: int) -> None:
    path = write(tmp_path / "000.npy", random_frames(3))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"000\.npy: .*delete it and run again"):
        open_store(path)


def test_a_store_with_bytes_too_many_is_an_error(tmp_path: Path, random_frames) -> None:
    path = write(tmp_path / "000.npy", random_frames(3))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ValueError, match="bytes where"):
        open_store(path)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 4, 5, 3)),
        np.zeros((4, 5, 3), np.uint8),
        np.zeros((2, 3, 4, 5), np.uint8),
        np.asfortranarray(np.zeros((2, 4, 5, 3), np.uint8)),
    ],
)
def test_other_arrays_are_no_stores(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "000.npy", array)
    with pytest.raises(ValueError, match=r"000\.npy"):
        open_store(tmp_path / "000.npy")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "000.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"000\.npy"):
        open_store(tmp_path / "000.npy")


@pytest.mark.parametrize("whole_bytes", [2**25, 0])
def test_the_digest_follows_the_content(
    tmp_path: Path, random_frames, monkeypatch: pytest.MonkeyPatch, whole_bytes: int
) -> None:
    monkeypatch.setattr(store_module, "_WHOLE_BYTES", whole_bytes)
    frames = random_frames(9, 64, 128)
    digest = store_digest(write(tmp_path / "000.npy", frames))
    assert store_digest(write(tmp_path / "other.npy", frames)) == digest
    assert store_digest(write(tmp_path / "1.npy", frames[::-1])) != digest
    assert store_digest(write(tmp_path / "2.npy", frames[:8])) != digest
    assert store_digest(write(tmp_path / "3.npy", frames.reshape(9, 128, 64, 3))) != digest
    for index in range(9):
        changed = frames.copy()
        changed[index] = random_frames(1, 64, 128, seed=5)[0]
        assert store_digest(write(tmp_path / "4.npy", changed)) != digest
