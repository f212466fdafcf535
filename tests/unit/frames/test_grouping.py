from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from unsmear.frames.grouping import FrameGroup, group_frames, read_groups


def stores(tmp_path: Path, lengths: dict[str, int]) -> list[Path]:
    paths = []
    for name, length in lengths.items():
        path = tmp_path / "frames" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.zeros((length, 4, 6, 3), np.uint8))
        paths.append(path)
    return paths


def test_windows_do_not_overlap_and_count_from_one(tmp_path: Path) -> None:
    paths = stores(tmp_path, {"val/003": 7, "train/010": 22, "train/002": 13})
    group_frames(paths, 7, tmp_path / "groups.csv")
    with (tmp_path / "groups.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["split", "sequence", "group", "first_frame", "num_frames"],
        ["train", "002", "1", "1", "7"],
        ["train", "010", "1", "1", "7"],
        ["train", "010", "2", "8", "7"],
        ["train", "010", "3", "15", "7"],
        ["val", "003", "1", "1", "7"],
    ]
    groups = read_groups(tmp_path / "groups.csv")
    assert [group.frames for group in groups][3] == slice(14, 21)
    assert read_groups(tmp_path / "groups.csv", split="val") == [FrameGroup("val", "003", 1, 1, 7)]
    assert len(read_groups(tmp_path / "groups.csv", "train", "010")) == 3


def test_a_full_sequence_of_reds_has_71_groups(tmp_path: Path) -> None:
    assert len(group_frames(stores(tmp_path, {"train/000": 500}), 7, tmp_path / "groups.csv")) == 71


def test_short_stores_are_skipped_and_counted(tmp_path: Path) -> None:
    paths = stores(tmp_path, {"train/000": 6, "train/001": 2, "test/000": 7})
    with pytest.warns(UserWarning, match="2 sequences have fewer than 7 frames and are skipped: train/000, train/001"):
        assert len(group_frames(paths, 7, tmp_path / "groups.csv")) == 1
    with pytest.raises(ValueError, match="no sequence has 9 frames"), pytest.warns(UserWarning):
        group_frames(paths, 9, tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize("num_frames", [0, 1, 6])
def test_a_group_needs_a_middle_frame(tmp_path: Path, num_frames: int) -> None:
    with pytest.raises(ValueError, match="choose an odd number"):
        group_frames([], num_frames, tmp_path / "groups.csv")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n",
        "split,sequence,group,first_frame,num_frames\ntrain,000,1,0,7\n",
        "split,sequence,group,first_frame,num_frames\ntrain,000,1,x,7\n",
        "split,sequence,group,first_frame,num_frames\ntrain,000,1\n",
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(ValueError, match=r"groups\.csv"):
        read_groups(tmp_path / "groups.csv")
