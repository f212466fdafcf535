from __future__ import annotations

import pytest

from unsmear.frames.numbering import describe_numbers, frame_index


def test_the_first_frame_has_number_one() -> None:
    assert [frame_index(number) for number in (1, 4, 7)] == [0, 3, 6]
    for number in (0, -1):
        with pytest.raises(ValueError, match="numbered from 1"):
            frame_index(number)


def test_numbers_are_told_in_runs() -> None:
    assert describe_numbers([5, 1, 2, 3, 9, 9]) == "1-3, 5, 9"
    assert describe_numbers(list(range(0, 40, 2)), most=3) == "0, 2, 4, and 17 more"
