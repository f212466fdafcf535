"""Trees of image folders as people have them on disk."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unsmear.frames.config import DataConfig
from unsmear.frames.extract import extract_sequence
from unsmear.frames.forecast import forecast_disk
from unsmear.frames.layout import plan_sequences
from unsmear.frames.picture import decode_picture
from unsmear.frames.picture_list import list_pictures
from unsmear.frames.picture_size import read_size
from unsmear.frames.splits import SequenceRecord
from unsmear.frames.store import open_store


def picture(k: int = 0, kind: str = "png", size: tuple[int, int] = (12, 20), **options: object) -> bytes:
    """Smooth noise of number ``k``, by Pillow."""
    small = np.random.default_rng(k).integers(0, 256, (4, 5, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC).save(stream, kind, **options)
    return stream.getvalue()


PNG = picture()


def tree(root: Path, *patterns: str, count: int = 8, first: int = 1, data: bytes = PNG) -> Path:
    """Files named by patterns such as `train/a/{:06d}.png`, ``count`` of each."""
    for pattern in patterns:
        for k in range(first, first + count):
            path = root / pattern.format(k)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return root


def plan(root: Path, **folders: object) -> list[SequenceRecord]:
    limits = {key: folders.pop(key) for key in ("max_frames", "frames_per_group") if key in folders}
    return plan_sequences(DataConfig(source="folders", folders={"folder": str(root), **folders}, **limits))


def splits(records: list[SequenceRecord]) -> dict[str, list[str]]:
    return {split: [r.sequence for r in records if r.split == split] for split in ("train", "val", "test")}


def test_gopro_as_it_is_on_disk(tmp_path: Path) -> None:
    tree(tmp_path, "train/GOPR0372_07_00/{:06d}.png", "train/GOPR0372_07_01/{:06d}.png", first=47)
    tree(tmp_path, "train/GOPR0884_11_00/{:06d}.png", "test/GOPR0384_11_00/{:06d}.png")
    records = plan(tmp_path)
    assert splits(records) == {
        "train": ["GOPR0372_07_00", "GOPR0372_07_01"],
        "val": ["GOPR0884_11_00"],
        "test": ["GOPR0384_11_00"],
    }
    assert {(r.part, r.num_frames) for r in records} == {("folder", 8)}
    assert forecast_disk(records, DataConfig(source="folders", folders={"folder": str(tmp_path)}), "x").store_bytes == (
        4 * 8 * 12 * 20 * 3
    )


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        # X4K1000FPS
        (
            ["train/002/occ008.320_f2881/{:04d}.png", "train/003/occ1_f1/{:04d}.png", "val/Type1/T01/{:04d}.png"],
            {"train": ["002-occ008_320_f2881"], "val": ["003-occ1_f1"], "test": ["Type1-T01"]},
        ),
        # a folder above, and one below that all have
        (
            ["mine/train/a/sharp/{:d}.jpg", "mine/valid/b/sharp/{:d}.jpg", "mine/test/c/sharp/{:d}.jpg"],
            {"train": ["a"], "val": ["b"], "test": ["c"]},
        ),
        # one name in two splits; val alone is the test split, as in REDS
        (
            ["train/train_orig/000/{:08d}.png", "train/train_orig/001/{:08d}.png", "val/val_orig/000/{:08d}.png"],
            {"train": ["train_orig-000"], "val": ["train_orig-001"], "test": ["val_orig-000"]},
        ),
    ],
)
def test_names_and_splits_come_from_the_tree(tmp_path: Path, patterns: list[str], names: dict) -> None:
    assert splits(plan(tree(tmp_path, *patterns))) == names


LOOSE = [f"clip {k}/frame_{{:04d}}.jpg" for k in (1, 2, 10, 11)]


@pytest.mark.parametrize(
    ("folders", "wanted"),
    [
        ({"test": 1}, {"train": ["clip_1", "clip_2"], "val": ["clip_10"], "test": ["clip_11"]}),  # natural order
        ({"test": 1, "val": 2}, {"train": ["clip_1"], "val": ["clip_10", "clip_2"], "test": ["clip_11"]}),
        (
            {"test": ["clip_2"], "val": ["clip 10"]},
            {"train": ["clip_1", "clip_11"], "val": ["clip_10"], "test": ["clip_2"]},
        ),
        ({"test": ["clip_1?"]}, {"train": ["clip_1"], "val": ["clip_2"], "test": ["clip_10", "clip_11"]}),
    ],
)
def test_loose_folders_are_split_by_list_or_count(tmp_path: Path, folders: dict, wanted: dict) -> None:
    tree(tmp_path, *LOOSE)
    assert splits(plan(tmp_path, **folders)) == wanted


@pytest.mark.parametrize(
    ("patterns", "folders", "message"),
    [
        (LOOSE, {}, r"folders\.test: there is no top folder test .* there are clip_1, clip_2, clip_10"),
        (LOOSE, {"test": ["x"]}, r"folders\.test: no folder is called x; there are clip_1"),
        (LOOSE, {"test": ["clip_1"], "val": ["clip_1"]}, "clip_1 is both in val and in test"),
        (
            ["a/{:d}.png"],
            {"test": 1, "frames_per_group": 9},
            "folder below .* has 9 frames in a row; name folders of longer sequences",
        ),
        (LOOSE, {"test": 4}, "the train split is empty"),
        (["a/{:d}.tif"], {"test": 1}, r"hold only \.tif files; PNG and JPG are read"),
        (["a/{:d}.txt"], {"test": 1}, "hold no picture"),
        (["a/blur/{:d}.png", "b/blur_gamma/{:d}.png"], {"test": 1}, "2 folders are blurred already, .* sharp frames"),
        (["a.b/{:d}.png", "a_b/{:d}.png"], {"test": 1}, r"a\.b and .*a_b would both be called a_b; rename one"),
        (["a/{:d}.png", "a/0{:d}.png"], {"test": 1}, "a holds frames twice: 1-8; keep one of each"),
        (["a/{:d}.png", "a/{:d}.jpg"], {"test": 1}, "a holds frames twice: 1-8"),
        (["a/l{:d}.png", "a/r{:d}.png"], {"test": 1}, "a holds frames twice: 1-8"),
        (["a/{:d}0.png"], {"test": 1}, r"numbers are missing at 7 places among 8 frames \(11-19, .* or renumber"),
    ],
)
def test_what_is_no_tree_of_sequences_is_named(tmp_path: Path, patterns: list, folders: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(tree(tmp_path, *patterns), **folders)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.folders\.folder: .*none is no folder"):
        plan(tmp_path / "none")
    with pytest.raises(ValueError, match=r"folders\.folder is empty"):
        DataConfig(source="folders")


def test_litter_links_and_short_folders_are_passed_over(tmp_path: Path) -> None:
    root = tree(tmp_path / "a", *LOOSE)
    tree(root, "short/{:d}.png", count=3)
    tree(root, "__MACOSX/clip 1/._{:d}.png", ".thumbnails/{:d}.png", "clip 1/._frame_{:04d}.jpg", "@eaDir/x/{:d}.jpg")
    (root / "clip 1" / "Thumbs.db").write_bytes(b"x")
    (root / "clip 2" / "round").symlink_to(root)
    (root / "linked").symlink_to(tree(tmp_path / "elsewhere", "far/{:d}.png") / "far")
    with pytest.warns(UserWarning, match="1 folders have fewer than 7 frames in a row and are skipped: short"):
        records = plan(root, test=1)
    assert sorted(r.sequence for r in records) == ["clip_1", "clip_10", "clip_11", "clip_2", "linked"]
    assert {r.num_frames for r in records} == {8}


def test_blurred_folders_beside_sharp_ones_are_left_out(tmp_path: Path) -> None:
    for name in ("GOPR0372_07_00", "GOPR0384_11_00", "GOPR0385_11_01"):
        tree(tmp_path, *(f"{name}/{kind}/{{:06d}}.png" for kind in ("blur", "blur_gamma", "sharp")))
    with pytest.warns(UserWarning, match=r"6 folders are blurred already.* left out; .* GOPRO_Large_all"):
        records = plan(tmp_path, test=["GOPR0384*"])
    assert sorted(r.sequence for r in records) == ["GOPR0372_07_00", "GOPR0384_11_00", "GOPR0385_11_01"]


def test_groups_are_cut_where_a_number_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for k in (*range(1, 10), *range(11, 30)):
        tree(tmp_path, "a/f{:d}.png", count=1, first=k, data=picture(k))
    with pytest.warns(UserWarning, match=r"a: frames are missing at 1 places \(10\); .* 21 of 28 frames are used"):
        found = list_pictures(folder, 7)
    numbers = [*range(1, 8), *range(11, 25)]
    assert [path.name for path in found] == [f"f{k}.png" for k in numbers]
    with warnings.catch_warnings(action="ignore"):
        extract_sequence(folder, "folder", "a", tmp_path / "a.npy", num_frames=7)
        assert len(list_pictures(folder, 7, max_frames=9)) == 9
    assert np.array_equal(open_store(tmp_path / "a.npy"), [decode_picture(picture(k)) for k in numbers])


def test_pictures_without_a_number_are_counted(tmp_path: Path) -> None:
    tree(tmp_path, "a/{:d}.png")
    (tmp_path / "a" / "mean.png").write_bytes(PNG)
    with pytest.warns(UserWarning, match=r"1 pictures without a number are left out: mean\.png"):
        assert len(list_pictures(tmp_path / "a", 7)) == 8


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_pictures_are_read_by_their_content_and_scaled(tmp_path: Path, kind: str) -> None:
    for k in range(7):
        tree(tmp_path, "a/{:d}.JPG", count=1, first=k, data=picture(k, kind, (24, 40)))
    extract_sequence(tmp_path / "a", "folder", "a", tmp_path / "a.npy", max_height=12)
    truth = np.array(Image.open(io.BytesIO(picture(3, kind, (24, 40)))).reduce(2))
    assert np.abs(open_store(tmp_path / "a.npy")[3].astype(int) - truth).max() <= 1


TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (12, 20)),
        ({"progressive": True}, (12, 20)),
        ({"quality": 100, "subsampling": 0}, (12, 20)),
        ({"exif": TURNED}, (20, 12)),
    ],
)
def test_jpegs_decode_as_pillow_does(options: dict, size: tuple[int, int]) -> None:
    from PIL import ImageOps

    data = picture(1, "jpeg", **options)
    truth = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    found = decode_picture(data)
    assert found.shape[:2] == size and np.abs(found.astype(int) - truth).max() <= 2
    assert sorted(read_size(data)) == [12, 20]


def test_the_end_of_a_jpeg_is_looked_for_behind_its_preview() -> None:
    whole = picture(1, "jpeg", exif=b"Exif\0\0" + picture(2, "jpeg"))
    assert whole.count(b"\xff\xd9") == 2
    assert np.array_equal(decode_picture(whole + bytes(100_000)), decode_picture(whole)), "a film is appended"
    scan = whole.rindex(b"\xff\xda")
    assert np.array_equal(decode_picture(whole[:scan] + bytes(4) + whole[scan:]), decode_picture(whole)), "stray bytes"
    for share in (0.99, 0.9):
        with pytest.raises(ValueError, match="ends too early"):
            decode_picture(whole[: int(share * len(whole))])


def test_sizes_come_from_headers_alone() -> None:
    assert read_size(PNG) == (12, 20) and read_size(PNG[:24]) == (12, 20)
    assert read_size(b"") == read_size(b"\xff\xd8\xff") == read_size(b"GIF89a") == read_size(PNG[:20]) == (0, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (picture(1, "jpeg")[:-40], r"3\.png ends too early; replace it"),
        (PNG[:-30], "ends too early"),
        (picture(1, "gif"), "is no PNG or JPEG but a GIF"),
        (picture(1, "tiff"), "is no PNG or JPEG but a TIFF"),
        (picture(1, "webp"), "a WebP or AVI"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a Git LFS pointer; run git lfs pull"),
        (b"<html>", "a web page"),
        (b"", "but empty"),
        (picture(1, size=(20, 12)), r"3\.png has 12 x 20 pixels, .*1\.png has 20 x 12; all frames"),
    ],
)
def test_a_faulty_picture_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    for k in range(1, 9):
        tree(tmp_path, "a/{:d}.png", count=1, first=k, data=data if k == 3 else picture(k))
    with pytest.raises(ValueError, match=message):
        extract_sequence(tmp_path / "a", "folder", "a", tmp_path / "out" / "a.npy")
    assert not list((tmp_path / "out").glob("*"))
