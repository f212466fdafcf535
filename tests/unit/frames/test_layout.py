from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

from unsmear.frames.config import DataConfig
from unsmear.frames.forecast import forecast_disk
from unsmear.frames.layout import plan_sequences
from unsmear.frames.splits import SourceSequence, assign_splits


def splits(records) -> dict[str, list[str]]:
    return {s: [r.sequence for r in records if r.split == s] for s in ("train", "val", "test")}


def archives_config(folder: Path | list[str], **more: object) -> DataConfig:
    text = str(folder) if isinstance(folder, Path) else folder
    given = {key: more.pop(key) for key in ("val_sequences",) if key in more}
    return DataConfig(source="archives", archives={"folder": text, **given}, **more)


def test_real_archives_give_three_splits(shared: Path) -> None:
    folder = shared / "data" / "crop256"
    records = plan_sequences(archives_config(folder))
    assert splits(records) == {
        "train": ["000", "001", "002", "003", "015", "016"],
        "val": ["017"],
        "test": ["000", "001"],
    }
    assert {r.num_frames for r in records} == {9}
    assert {(r.part, Path(r.archive).name) for r in records if r.sequence == "015"} == {
        ("train", "train_orig_part1.zip")
    }
    by_list = plan_sequences(archives_config(folder, val_sequences=["000-001", "016"], max_frames=7))
    assert splits(by_list)["val"] == ["000", "001", "016"]
    assert {r.num_frames for r in by_list} == {7}
    assert splits(plan_sequences(archives_config(folder, val_sequences=2)))["val"] == ["016", "017"]


def test_short_sequences_are_skipped_and_counted(tmp_path: Path, pack_sequences) -> None:
    pack_sequences(tmp_path / "train_orig_part0.zip", {"000": 7, "001": 6, "002": 8, "003": 1})
    pack_sequences(tmp_path / "val_orig_part0.zip", {"000": 7, "001": 3}, part="val")
    with pytest.warns(UserWarning, match="3 sequences have fewer than 7 frames and are skipped: train/001, train/003"):
        records = plan_sequences(archives_config(tmp_path))
    assert splits(records) == {"train": ["000"], "val": ["002"], "test": ["000"]}


def test_a_sequence_without_frames_stays_to_fail_by_name() -> None:
    sources = [SourceSequence("train", f"{k:03d}", "a.zip", n) for k, n in enumerate([7, 0, 7])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records = assign_splits([*sources, SourceSequence("val", "000", "b.zip", 9)], ["000"], 7)
    assert splits(records) == {"train": ["001", "002"], "val": ["000"], "test": ["000"]}


def test_a_sequence_in_two_archives_names_both(tmp_path: Path, pack_sequences) -> None:
    pack_sequences(tmp_path / "train_a.zip", {"000": 7, "001": 7})
    pack_sequences(tmp_path / "train_b.zip", {"001": 7})
    with pytest.raises(ValueError, match=r"train/001 is in .*train_a\.zip and in .*train_b\.zip; remove one"):
        plan_sequences(archives_config(tmp_path))


@pytest.mark.parametrize(
    ("lengths", "val", "message"),
    [
        ({"train": ["000"], "val": ["000"]}, None, "data: the val split is empty; at least two train sequences"),
        ({"train": ["000", "001"], "val": []}, None, "the test split is empty"),
        ({"train": ["000", "001"], "val": ["000"]}, ("000", "001"), "the train split is empty"),
        ({"train": ["000", "001"], "val": ["000"]}, ("007", "000"), "names 007, which are not among"),
        ({"train": ["000", "001"], "val": ["000"]}, 5, "takes 5 of 2"),
    ],
)
def test_empty_splits_are_refused(lengths: dict[str, list[str]], val, message: str) -> None:
    sources = [SourceSequence(part, name, "a.zip", 9) for part, names in lengths.items() for name in names]
    with pytest.raises(ValueError, match=message):
        assign_splits(sources, val, 7)


def test_archives_may_be_listed_and_must_exist(tmp_path: Path, pack_sequences, pack) -> None:
    one = pack_sequences(tmp_path / "x" / "train.zip", {"000": 7, "001": 7})
    two = pack_sequences(tmp_path / "y" / "val.zip", {"000": 7}, part="val")
    assert len(plan_sequences(archives_config([str(one), str(two.parent)]))) == 3
    with pytest.raises(ValueError, match="does not exist"):
        plan_sequences(archives_config([str(tmp_path / "z")]))
    (tmp_path / "train.zip.crdownload").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"no \.zip in .*, only train\.zip\.crdownload, x, y; put archives"):
        plan_sequences(archives_config(tmp_path))


@pytest.mark.parametrize(
    ("members", "content"),
    [
        ({"error.txt": b"quota exceeded"}, "it holds error.txt"),
        ({"train_orig_part0.zip": b"PK", "._x": b""}, "it holds train_orig_part0.zip"),
        ({f"GOPR/{k}.jpg": b"" for k in range(9)}, "GOPR/3.jpg and 5 more"),
        ({}, "it holds nothing"),
    ],
)
def test_a_zip_of_something_else_says_what_it_holds(tmp_path: Path, pack, members, content: str) -> None:
    pack(tmp_path / "train_x.zip", members)
    with pytest.raises(ValueError, match=rf"train_x\.zip: no member like train/train_orig.* {content}"):
        plan_sequences(archives_config(tmp_path))


def test_litter_beside_archives_is_ignored(tmp_path: Path, pack_sequences) -> None:
    pack_sequences(tmp_path / "train.zip", {"000": 7, "001": 7})
    pack_sequences(tmp_path / "val.zip", {"000": 7}, part="val")
    for name in ("._train.zip", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    assert len(plan_sequences(archives_config(tmp_path))) == 3


def test_reds_at_24_frames_a_second_is_warned_about_and_its_blur_refused(tmp_path: Path, pack) -> None:
    for part, numbers in (("train", "012"), ("val", "0")):
        members = {f"{part}/{part}_sharp/00{s}/{k:08d}.png": b"" for s in numbers for k in range(7)}
        pack(tmp_path / f"{part}_sharp.zip", members)
    with pytest.warns(UserWarning, match="4 sequences are, by their names, of REDS' set of 24 .* train/000"):
        assert len(plan_sequences(archives_config(tmp_path))) == 4
    pack(tmp_path / "train_blur.zip", {f"train/train_blur/003/{k:08d}.png": b"" for k in range(7)})
    with pytest.raises(ValueError, match=r"train_blur\.zip: sequence train/003 is blurred already.* train_orig_part0"):
        plan_sequences(archives_config(tmp_path))


def test_a_gap_in_numbers_is_known_from_the_directory(tmp_path: Path, pack) -> None:
    members = {f"train/000/{k:08d}.png": b"not even a picture" for k in (*range(5), *range(6, 9), 12)}
    pack(tmp_path / "train.zip", members)
    with pytest.raises(ValueError, match=r"train\.zip: sequence train/000 lacks frames 5, 9-11; add them"):
        plan_sequences(archives_config(tmp_path))


def test_scenes_bring_their_own_sequences() -> None:
    sources = [SourceSequence("train", f"{k:03d}", f"train_orig_part{k // 2}.zip", 14) for k in range(4)]
    sources.append(SourceSequence("val", "000", "val_orig_part0.zip", 14))
    records = plan_sequences(DataConfig(), sources, ["001"])
    assert splits(records) == {"train": ["000", "002", "003"], "val": ["001"], "test": ["000"]}
    assert records[-2].archive == "train_orig_part1.zip"
    with pytest.raises(ValueError, match="must be given"):
        plan_sequences(DataConfig())


def test_reds_comes_whole_or_by_sequence() -> None:
    full = plan_sequences(DataConfig(source="reds"))
    assert len(full) == 270
    assert {len(names) for names in splits(full).values()} == {216, 24, 30}
    assert sorted({r.archive for r in full}) == sorted(
        [f"train_orig_part{k}.zip" for k in range(16)] + [f"val_orig_part{k}.zip" for k in range(2)]
    )
    some = DataConfig(source="reds", reds={"sequences": ["train/000-016", "val/003"], "val_sequences": ["015"]})
    records = {(r.part, r.sequence): r for r in plan_sequences(some)}
    assert {records["train", f"{k:03d}"].archive for k in range(15)} == {"train_orig_part0.zip"}
    assert records["train", "015"].archive == "train_015.zip"
    assert records["train", "015"].split == "val"
    assert records["val", "003"].archive == "val_003.zip"
    assert {r.num_frames for r in records.values()} == {500}
    short = DataConfig(source="reds", reds={"sequences": 3}, max_frames=420)
    assert [r.archive for r in plan_sequences(short)] == [
        "val_000_first420.zip",
        "train_000_first420.zip",
        "train_001_first420.zip",
    ]


def test_planning_and_extraction_stay_light() -> None:
    code = """
import sys
import unsmear.frames.layout, unsmear.frames.config, unsmear.frames.reds, unsmear.frames.forecast
import unsmear.frames.folders, unsmear.frames.videos
heavy = {"torch", "pandas", "mlflow", "cv2", "numpy", "requests", "av", "matplotlib", "scipy"} & set(sys.modules)
assert not heavy, heavy
import unsmear.frames.extract, unsmear.frames.grouping, unsmear.frames.store
heavy = {"torch", "pandas", "mlflow", "av", "matplotlib", "scipy"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_small_experiment_is_six_sequences_under_4_gb(repository: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((repository / "config" / "reds_small.yaml").read_text())
    data = DataConfig(**content["data"])
    records = plan_sequences(data)
    assert {split: len(names) for split, names in splits(records).items()} == {"train": 4, "val": 1, "test": 1}
    assert all("_first420.zip" in record.archive for record in records)
    assert forecast_disk(records, data, tmp_path).download_bytes < 4_000_000_000
