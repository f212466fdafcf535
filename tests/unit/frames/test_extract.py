from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from unsmear.frames import extract as extract_module
from unsmear.frames.extract import extract_sequence


def test_real_frames_come_out_as_opencv_decodes_them(shared: Path, tmp_path: Path) -> None:
    archive = shared / "data" / "half360" / "train_orig_part1.zip"
    extract_sequence(archive, "train", "016", tmp_path / "016.npy")
    store = np.load(tmp_path / "016.npy")
    with zipfile.ZipFile(archive) as opened:
        for k in range(9):
            data = np.frombuffer(opened.read(f"train/train_orig/016/{k:08d}.png"), np.uint8)
            assert np.array_equal(store[k], cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    assert store.shape == (9, 360, 640, 3)


def test_frames_follow_their_numbers_not_the_order_of_the_zip(tmp_path: Path, pack, encode, random_frames) -> None:
    frames = random_frames(12)
    order = [7, 3, 11, 0, 1, 2, 10, 4, 5, 6, 9, 8]
    members = {f"train/000/{100 + k}.png": encode(frames[k]) for k in order}
    extract_sequence(pack(tmp_path / "a.zip", members), "train", "000", tmp_path / "000.npy")
    assert np.array_equal(np.load(tmp_path / "000.npy"), frames)


def test_the_first_frames_alone(tmp_path: Path, pack_sequences, random_frames) -> None:
    archive = pack_sequences(tmp_path / "a.zip", {"000": 9})
    extract_sequence(archive, "train", "000", tmp_path / "000.npy", max_frames=7)
    assert np.array_equal(np.load(tmp_path / "000.npy"), random_frames(9)[:7])
    extract_sequence(archive, "train", "000", tmp_path / "000.npy", max_frames=70)
    assert len(np.load(tmp_path / "000.npy")) == 9


def frames_with(encode, random_frames, changes: dict[str, bytes | None]) -> dict[str, bytes]:
    members = {f"val/val_orig/000/{k:08d}.png": encode(frame) for k, frame in enumerate(random_frames(9))}
    for name, data in changes.items():
        if data is None:
            del members[f"val/val_orig/000/{name}.png"]
        else:
            members[f"val/val_orig/000/{name}.png"] = data
    return members


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"00000003": None}, r"sequence val/000 lacks frames 3; add them"),
        ({"00000002": None, "00000005": None, "00000006": None}, r"sequence val/000 lacks frames 2, 5-6;"),
        ({"0000003": b"x", "04": b"x"}, r"sequence val/000 holds frames twice: 3-4; keep one of each"),
        ({"00000004": b"GIF89a"}, r"the picture val/val_orig/000/00000004\.png is no PNG"),
        ({"00000004": b""}, r"the picture val/val_orig/000/00000004\.png is no PNG"),
    ],
)
def test_a_faulty_sequence_is_named(
    tmp_path: Path, pack, encode, random_frames, changes: dict[str, bytes | None], message: str
) -> None:
    archive = pack(tmp_path / "a.zip", frames_with(encode, random_frames, changes))
    with pytest.raises(ValueError, match=rf"a\.zip: {message}"):
        extract_sequence(archive, "val", "000", tmp_path / "out" / "000.npy")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_cut_picture_and_mixed_sizes_are_named(tmp_path: Path, pack, encode, random_frames) -> None:
    cut = encode(random_frames(1)[0])[:-30]
    archive = pack(tmp_path / "a.zip", frames_with(encode, random_frames, {"00000007": cut}))
    with pytest.raises(ValueError, match=r"a\.zip: the picture .*/00000007\.png ends too early; fetch or pack it"):
        extract_sequence(archive, "val", "000", tmp_path / "out" / "000.npy")
    other = encode(random_frames(1, 12, 24)[0])
    archive = pack(tmp_path / "a.zip", frames_with(encode, random_frames, {"00000007": other}))
    with pytest.raises(ValueError, match=r"a\.zip: .*/00000007\.png has 24 x 12 pixels, .* has 20 x 12;"):
        extract_sequence(archive, "val", "000", tmp_path / "out" / "000.npy")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_sequence_without_frames_or_not_there(tmp_path: Path, pack) -> None:
    archive = pack(tmp_path / "a.zip", {"train/000/": b"", "train/001/notes.txt": b"x"})
    for sequence in ("000", "001"):
        with pytest.raises(ValueError, match=rf"a\.zip: sequence train/{sequence} has no frame; add"):
            extract_sequence(archive, "train", sequence, tmp_path / "000.npy")
    with pytest.raises(ValueError, match=r"a\.zip: sequence train/002 is not there"):
        extract_sequence(archive, "train", "002", tmp_path / "000.npy")


def test_the_other_sequences_of_a_faulty_archive_go_on(tmp_path: Path, pack, encode, random_frames) -> None:
    good = {f"val/val_orig/001/{k:08d}.png": encode(frame) for k, frame in enumerate(random_frames(8))}
    members = frames_with(encode, random_frames, {"00000004": b"no picture"}) | good
    archive = pack(tmp_path / "a.zip", members)
    with pytest.raises(ValueError):
        extract_sequence(archive, "val", "000", tmp_path / "000.npy")
    extract_sequence(archive, "val", "001", tmp_path / "001.npy")
    assert np.array_equal(np.load(tmp_path / "001.npy"), random_frames(8))
    assert not (tmp_path / "000.npy").exists()


def test_scenes_alone_may_rest(tmp_path: Path, pack, encode, random_frames) -> None:
    members = {f"train/train_orig/000/{k:08d}.png": encode(random_frames(1)[0]) for k in range(7)}
    archive = pack(tmp_path / "a.zip", members)
    with pytest.raises(ValueError, match=r"train/000: 100% of the frames repeat"):
        extract_sequence(archive, "train", "000", tmp_path / "000.npy")
    extract_sequence(archive, "train", "000", tmp_path / "000.npy", may_rest=True)
    assert len(np.load(tmp_path / "000.npy")) == 7


def test_two_decoded_frames_are_in_memory_at_most(
    tmp_path: Path, pack_sequences, monkeypatch: pytest.MonkeyPatch
) -> None:
    import weakref

    alive: list[weakref.ref] = []
    most = 0
    decode = extract_module.decode_png

    def counted(data: bytes) -> np.ndarray:
        nonlocal most
        frame = decode(data)
        alive.append(weakref.ref(frame))
        most = max(most, sum(reference() is not None for reference in alive))
        return frame

    monkeypatch.setattr(extract_module, "decode_png", counted)
    archive = pack_sequences(tmp_path / "a.zip", {"000": 20})
    extract_sequence(archive, "train", "000", tmp_path / "000.npy")
    assert len(alive) == 20
    assert most <= 2
