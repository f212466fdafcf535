from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from unsmear.frames import archive as archive_module
from unsmear.frames.archive import list_sequences, open_archive, read_member


def test_real_archives_list_as_their_manifest_says(shared: Path) -> None:
    listing = list_sequences(shared / "data" / "half360" / "train_orig_part0.zip")
    assert list(listing) == [("train", name) for name in ("000", "001", "002", "003")]
    assert listing["train", "002"] == [(k, f"train/train_orig/002/{k:08d}.png") for k in range(9)]


@pytest.mark.parametrize(
    ("name", "member", "part"),
    [
        ("x.zip", "train/train_orig/004/00000007.png", "train"),
        ("x.zip", "val/val_orig/004/00000007.png", "val"),
        ("x.zip", "REDS/train_orig/004/00000007.PNG", "train"),
        ("x.zip", "some/validation/004/7.png", "val"),
        ("x.zip", "train_set/val_orig/004/00000007.png", "val"),
        ("val_orig_part0.zip", "004/00000007.png", "val"),
        ("train_orig_part3.zip", "deep/down/004/00000007.png", "train"),
        ("x.zip", "train\\train_orig\\004\\00000007.png", "train"),
    ],
)
def test_members_are_known_by_their_last_two_parts(tmp_path: Path, pack, name: str, member: str, part: str) -> None:
    path = pack(tmp_path / name, {member: b"x"})
    (key, frames) = next(iter(list_sequences(path).items()))
    assert key == (part, "004")
    assert [number for number, _ in frames] == [7]


def test_a_name_without_train_or_val_is_refused(tmp_path: Path, pack) -> None:
    path = pack(tmp_path / "constraints.zip", {"trained/004/00000007.png": b"x"})
    with pytest.raises(ValueError, match=r"constraints\.zip: neither .*rename the archive"):
        list_sequences(path)


def test_what_is_no_frame_is_left_alone(tmp_path: Path, pack) -> None:
    members = ["train/000/00000001.png", "train/000/00000000.png", "train/000/notes.txt", "train/000/.hidden.png"]
    members += ["__MACOSX/train/000/00000005.png", "train/0000/00000000.png", "train/00a/00000000.png", "README"]
    path = pack(tmp_path / "a.zip", dict.fromkeys(members, b"x") | {"train/001/": b""})
    assert list_sequences(path) == {
        ("train", "000"): [(0, "train/000/00000000.png"), (1, "train/000/00000001.png")],
        ("train", "001"): [],
    }


def patch_all(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite bytes behind every occurrence of a zip record's signature."""
    content, place = bytearray(data), 0
    while (place := data.find(signature, place)) >= 0:
        content[place + offset : place + offset + len(value)] = value
        place += 4
    return bytes(content)


def test_encrypted_members_are_refused(tmp_path: Path, pack) -> None:
    path = pack(tmp_path / "a.zip", {"train/000/00000000.png": b"secret"})
    data = patch_all(path.read_bytes(), b"PK\x03\x04", 6, b"\x01\x00")
    path.write_bytes(patch_all(data, b"PK\x01\x02", 8, b"\x01\x00"))
    with pytest.raises(ValueError, match=r"a\.zip: member train/000/00000000\.png is encrypted; pack it again"):
        list_sequences(path)


def test_links_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("train/000/00000000.png")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, "/etc/passwd")
    with pytest.raises(ValueError, match="is a link"):
        list_sequences(tmp_path / "a.zip")


@pytest.mark.parametrize("member", ["../train/000/00000000.png", "/train/000/0.png", "C:/train/000/0.png"])
def test_paths_that_leave_their_folder_are_refused(tmp_path: Path, pack, member: str) -> None:
    with pytest.raises(ValueError, match="leaves its folder"):
        list_sequences(pack(tmp_path / "a.zip", {member: b"x"}))


def test_members_are_bounded(tmp_path: Path, pack, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "a.zip", {f"train/000/{k:08d}.png": b"x" * 100 for k in range(5)})
    monkeypatch.setattr(archive_module, "MAX_MEMBER_BYTES", 99)
    with pytest.raises(ValueError, match="has 100 bytes, more than 99"):
        list_sequences(path)
    monkeypatch.undo()
    monkeypatch.setattr(archive_module, "MAX_FRAMES", 4)
    with pytest.raises(ValueError, match="more than 4 frames"):
        list_sequences(path)
    monkeypatch.setattr(archive_module, "MAX_MEMBERS", 4)
    with pytest.raises(ValueError, match="5 members, more than 4"):
        list_sequences(path)


def test_a_bomb_that_understates_its_size_is_cut_off(tmp_path: Path, pack) -> None:
    path = pack(tmp_path / "a.zip", {"train/000/00000000.png": b"\0" * 50_000_000}, zipfile.ZIP_DEFLATED)
    small = struct.pack("<I", 1000)
    path.write_bytes(patch_all(patch_all(path.read_bytes(), b"PK\x01\x02", 24, small), b"PK\x03\x04", 22, small))
    with (
        open_archive(path) as opened,
        pytest.raises(ValueError, match=r"00000000\.png is damaged"),
    ):
        read_member(opened, "train/000/00000000.png", path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no zip but empty; fetch it again"),
        (b"\0" * 600, "no zip but nothing but zeros; fetch it again"),
        (b"PK\x03\x04 and then nothing", "truncated or damaged"),
        (b"\x89PNG\r\n\x1a\n", "no zip but a PNG; put a zip in REDS layout here"),
        (b"\n<!DOCTYPE html><html>", "no zip but a web page; the server answered with an error"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "a web page; the server"),
        (
            b'{"error": "Invalid credentials"}',
            r'a server\'s message \("{"error": "Invalid credentials"}"\); the server',
        ),
        (b"Entry not found", r'text \("Entry not found"\); .* fetch the file again'),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a Git LFS pointer; run git lfs pull"),
        (b"/annex/objects/SHA256E-s9--4d.zip\n", "a git-annex pointer; run git annex get"),
        (b"\x1f\x8b\x08\x00rest", r"a gzip or \.tar\.gz archive; put a zip"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (bytes(257) + b"ustar\0", "a tar archive"),
        (b"\x01\x02\x03", "of an unknown kind; put a zip"),
    ],
)
def test_what_is_no_zip_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "train.zip"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"train\.zip: .*{message}"):
        list_sequences(path)


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.zip: no such archive"):
        list_sequences(tmp_path / "none.zip")


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_truncated_archive_is_named(shared: Path, tmp_path: Path, keep: float) -> None:
    data = (shared / "data" / "crop256" / "val_orig_part0.zip").read_bytes()
    path = tmp_path / "val.zip"
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(ValueError, match=r"val\.zip: the zip is truncated or damaged"):
        list_sequences(path)


def test_damaged_bytes_are_found_by_crc(tmp_path: Path, pack) -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = pack(tmp_path / "a.zip", {"train/000/00000000.png": bytes(range(256)) * 50}, compression)
        data = bytearray(path.read_bytes())
        data[90] ^= 1
        path.write_bytes(data)
        with (
            open_archive(path) as opened,
            pytest.raises(ValueError, match=r"a\.zip: member .*00000000\.png is damaged"),
        ):
            read_member(opened, "train/000/00000000.png", path)
