"""Which source somebody's footage is, and that all of it is tested on."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unsmear.frames.config import DataConfig
from unsmear.frames.layout import plan_sequences
from unsmear.sharing.footage import describe_footage


def write_pictures(folder: Path, count: int = 7) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(folder / f"{number:04d}.png")


def write_zip(path: Path, part: str, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            for number in range(7):
                archive.writestr(f"{part}/{part}_orig/{name}/{number:08d}.png", b"")
    return path


def plan(footage: Path):
    data = DataConfig.model_validate(describe_footage(footage))
    return [(r.split, r.sequence) for r in plan_sequences(data, needed=("test",))]


@pytest.mark.parametrize("part", ["train", "val"])
def test_every_sequence_of_a_zip_is_tested_on(tmp_path, part):
    path = write_zip(tmp_path / "clips.zip", part, "000", "001")
    assert plan(path) == plan(tmp_path) == [("test", "000"), ("test", "001")]


def test_folders_of_pictures_are_tested_on_whatever_they_are_called(tmp_path):
    for name in ("train/a", "val/b", "c"):
        write_pictures(tmp_path / name)
    assert plan(tmp_path) == [("test", "a"), ("test", "b"), ("test", "c")]
    assert plan(tmp_path / "c") == [("test", "c")]


def test_two_sequences_that_would_have_one_name_are_named(tmp_path):
    write_zip(tmp_path / "zips/a_train.zip", "train", "000")
    write_zip(tmp_path / "zips/b_val.zip", "val", "000")
    with pytest.raises(
        ValueError, match=r"train/000 in .*a_train.zip and val/000 in .*b_val.zip would both be test/000"
    ):
        plan(tmp_path / "zips")
    for name in ("train/a", "test/a"):
        write_pictures(tmp_path / "pictures" / name)
    with pytest.raises(ValueError, match=r"train/a and .*test/a would both|test/a and .*train/a would both"):
        plan(tmp_path / "pictures")


def test_a_video_and_a_folder_of_them_are_videos(tmp_path):
    (tmp_path / "a.MP4").touch()
    (tmp_path / "notes.txt").touch()
    assert describe_footage(tmp_path, rate=240)["videos"] == {"folder": str(tmp_path), "rate": 240}
    assert describe_footage(tmp_path / "a.MP4", max_height=480)["videos"]["max_height"] == 480


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nothing", {}, "nothing does not exist"),
        ("notes.txt", {}, "notes.txt is neither a video nor a zip"),
        ("zips", {"max_height": 480}, "--max-height: .* is read as archives"),
        ("zips", {"rate": 240}, "--rate: .* is read as archives"),
        ("both", {}, "--footage: .*both holds both zips and videos"),
    ],
)
def test_footage_and_options_that_cannot_be_are_refused(tmp_path, name, options, message):
    (tmp_path / "notes.txt").touch()
    write_zip(tmp_path / "zips/val.zip", "val", "000")
    write_zip(tmp_path / "both/val.zip", "val", "000")
    (tmp_path / "both/film.mp4").touch()
    with pytest.raises(ValueError, match=message):
        describe_footage(tmp_path / name, **options)


def test_a_zip_whose_sequences_are_too_short_is_told_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        for number in range(5):
            archive.writestr(f"val/val_orig/000/{number:08d}.png", b"")
    with pytest.raises(ValueError, match=r"data\.all_test: the test split is empty: no sequence has 7 frames"):
        plan(tmp_path / "clips.zip")


def test_a_test_part_alone_is_enough_where_nothing_is_trained(tmp_path):
    data = DataConfig(source="archives", archives={"folder": str(write_zip(tmp_path / "val.zip", "val", "000"))})
    assert [r.split for r in plan_sequences(data, needed=("test",))] == ["test"]
    with pytest.raises(ValueError, match="the train split is empty"):
        plan_sequences(data)


def test_a_train_part_alone_asks_for_all_test(tmp_path):
    data = DataConfig(source="archives", archives={"folder": str(write_zip(tmp_path / "train.zip", "train", "000"))})
    with pytest.raises(ValueError, match=r"the test split is empty.*data.all_test: true"):
        plan_sequences(data, needed=("test",))


def test_built_in_scenes_cannot_all_be_tests():
    with pytest.raises(ValueError, match="all_test takes archives, videos or folders, but source is scenes"):
        DataConfig(all_test=True)


def test_videos_in_folders_below_are_pointed_at(tmp_path):
    (tmp_path / "clips/street").mkdir(parents=True)
    (tmp_path / "clips/street/a.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"has its videos or zips in folders below it; .* such as .*clips/street"):
        describe_footage(tmp_path / "clips")
    write_pictures(tmp_path / "clips/frames")
    assert describe_footage(tmp_path / "clips")["source"] == "folders"
