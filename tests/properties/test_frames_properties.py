"""Properties of stores, groups, splits and numbering for any input."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsmear.frames.archive import list_sequences
from unsmear.frames.extract import check_numbers
from unsmear.frames.grouping import group_frames, read_groups
from unsmear.frames.selection import expand_names
from unsmear.frames.splits import SourceSequence, assign_splits
from unsmear.frames.store import create_store, open_store, store_digest

names = st.integers(0, 999).map("{:03d}".format)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_store_gives_back_any_frames(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.integers(1, 9)) for _ in range(3))
    seed, grows = data.draw(st.integers(0, 99)), data.draw(st.booleans())
    frames = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    order = data.draw(st.permutations(range(shape[0])))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "000.npy"
        with create_store(path, (None if grows else shape[0], *shape[1:], 3)) as store:
            for index in order:
                store[index] = frames[index]
        assert np.array_equal(open_store(path), frames)
        np.save(Path(folder) / "001.npy", frames)
        assert store_digest(path) == store_digest(Path(folder) / "001.npy")


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(names, st.integers(0, 40), min_size=1, max_size=6), st.sampled_from([3, 5, 7]))
@pytest.mark.filterwarnings("ignore:.*are skipped")
def test_groups_cover_each_store_without_overlap(lengths: dict[str, int], num_frames: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, length in lengths.items():
            paths.append(Path(folder) / "frames" / "train" / f"{name}.npy")
            paths[-1].parent.mkdir(parents=True, exist_ok=True)
            np.save(paths[-1], np.zeros((length, 1, 1, 3), np.uint8))
        table = Path(folder) / "groups.csv"
        if all(length < num_frames for length in lengths.values()):
            with pytest.raises(ValueError):
                group_frames(paths, num_frames, table)
            return
        group_frames(paths, num_frames, table)
        for name, length in lengths.items():
            groups = read_groups(table, "train", name)
            used = [k for group in groups for k in range(length)[group.frames]]
            assert used == list(range(length - length % num_frames))
            assert [group.group for group in groups] == list(range(1, length // num_frames + 1))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 5))
def test_numbers_pass_just_where_none_is_missing(numbers: set[int], doubles: int) -> None:
    ordered = sorted(numbers)
    whole = ordered == list(range(ordered[0], ordered[-1] + 1))
    frames = sorted((number, f"{number:08d}.png") for number in ordered + ordered[:doubles])
    if whole and not doubles:
        assert check_numbers(frames, "a") == [f"{number:08d}.png" for number in ordered]
    else:
        with pytest.raises(ValueError, match=r"lacks frames|holds frames twice"):
            check_numbers(frames, "a")


@settings(max_examples=60, deadline=None)
@given(st.sets(names, min_size=2), st.sets(names, min_size=1), st.data())
def test_splits_share_no_sequence_and_test_is_the_val_part(train: set[str], val: set[str], data: st.DataObject) -> None:
    sources = [SourceSequence("train", name, "a.zip", 9) for name in train]
    sources += [SourceSequence("val", name, "b.zip", 9) for name in val]
    wanted = data.draw(
        st.one_of(
            st.none(),
            st.integers(1, len(train) - 1),
            st.sets(st.sampled_from(sorted(train)), min_size=1, max_size=len(train) - 1).map(sorted),
        )
    )
    records = assign_splits(sources, wanted, 7)
    by_split = {s: {r.sequence for r in records if r.split == s} for s in ("train", "val", "test")}
    assert by_split["test"] == val
    assert by_split["train"] | by_split["val"] == train
    assert not by_split["train"] & by_split["val"]
    assert len(records) == len(train) + len(val)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 999), st.integers(0, 999))
def test_ranges_hold_both_ends(first: int, last: int) -> None:
    text = f"{first:03d}-{last:03d}"
    if last < first:
        with pytest.raises(ValueError):
            expand_names([text])
    else:
        assert expand_names([text]) == [f"{k:03d}" for k in range(first, last + 1)]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_for_a_zip_give_a_listing_or_a_plain_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.zip"
        path.write_bytes(content)
        try:
            list_sequences(path)
        except ValueError as error:
            assert "train.zip" in str(error)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_altered_byte_of_a_zip_gives_a_listing_or_a_plain_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.zip"
        with zipfile.ZipFile(path, "w") as packed:
            for k in range(3):
                packed.writestr(f"train/train_orig/000/{k:08d}.png", b"x" * 10)
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        try:
            list_sequences(path)
        except ValueError as error:
            assert "train.zip" in str(error)
