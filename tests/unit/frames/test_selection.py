from __future__ import annotations

import pytest

from unsmear.frames.selection import expand_names, expand_selection, select_sequences


def test_names_and_ranges() -> None:
    assert expand_names(["004", "010-012", "011"]) == ["004", "010", "011", "012"]
    assert expand_selection(["val/000", "train/000-002"]) == [
        ("train", "000"),
        ("train", "001"),
        ("train", "002"),
        ("val", "000"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [("4", "three digits"), ("010-", "three digits"), ("012-010", "write 010-012"), ("", "three digits")],
)
def test_bad_names(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expand_names([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("000", "write train/000-009"),
        ("test/000", "write train/000-009"),
        ("val/029-030", "no val/030; val has 000-029"),
        ("train/240", "no train/240; train has 000-239"),
    ],
)
def test_bad_selections(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expand_selection([text])


def test_all_is_all_and_a_number_is_shared_out() -> None:
    full = select_sequences("all")
    assert len(full) == 270
    assert (full[0], full[-1]) == (("train", "000"), ("val", "029"))
    assert select_sequences(270) == full
    assert select_sequences(3) == [("train", "000"), ("train", "001"), ("val", "000")]
    for count in range(3, 271):
        chosen = select_sequences(count)
        assert len(chosen) == count
        assert sum(part == "val" for part, _ in chosen) >= 1
    assert select_sequences(["train/005"]) == [("train", "005")]
