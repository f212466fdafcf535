from __future__ import annotations

import pytest
from pydantic import ValidationError

from unsmear.frames.config import DataConfig


def test_defaults_are_the_built_in_scenes() -> None:
    data = DataConfig()
    assert (data.source, data.frames_per_group, data.keep_archives) == ("scenes", 7, True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"source": "web"}, "scenes"),
        ({"frames_per_group": 6}, "6 is even"),
        ({"frames_per_group": 1}, "greater than or equal to 3"),
        ({"max_frames": 5}, "max_frames is 5, below frames_per_group, 7"),
        ({"sourc": "scenes"}, "Extra inputs"),
        ({"source": "archives"}, "archives.folder is empty"),
        ({"source": "videos"}, "videos.folder is empty"),
        ({"archives": {"folder": "x", "val_sequences": [4]}}, "quote sequence names"),
        ({"archives": {"folder": "x", "val_sequences": ["4"]}}, "three digits"),
        ({"archives": {"folder": "x", "val_sequences": 0}}, "at least one sequence"),
        ({"reds": {"sequences": "some"}}, "write train/000-009"),
        ({"reds": {"sequences": 2}}, "greater than or equal to 3"),
        ({"reds": {"sequences": ["train/000-300"]}}, "train has 000-239"),
        ({"reds": {"mirrors": []}}, "at least 1 item"),
        ({"reds": {"checksums": {"a.zip": {"sha256": "12"}}}}, "should match pattern"),
        ({"videos": {"folder": "x", "test": 0}}, "at least one file"),
    ],
)
def test_impossible_values_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DataConfig(**values)


def test_ranges_are_written_out() -> None:
    data = DataConfig(reds={"sequences": "train/000-002, val/000", "val_sequences": ["000-001"]})
    assert data.reds.sequences == ("train/000", "train/001", "train/002", "val/000")
    assert data.reds.val_sequences == ("000", "001")
    assert DataConfig(reds={"sequences": 12}).reds.sequences == 12
    assert DataConfig(**data.model_dump()) == data
