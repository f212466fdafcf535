from __future__ import annotations

import pytest

from unsmear.files import is_ignored
from unsmear.frames.names import natural_key, says_blurred, says_slow


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("._a.mp4", True),
        (".DS_Store", True),
        ("a/.DS_Store", True),
        ("Thumbs.db", True),
        ("__MACOSX/train/000/00000000.png", True),
        ("GOPR0372_07_00/._000047.png", True),
        ("@eaDir/a.mp4", True),
        (".ipynb_checkpoints/a.png", True),
        ("a.mp4", False),
        ("train/000/00000000.png", False),
        ("./train/000/00000000.png", False),
        ("../train/000/00000000.png", False),  # refused, not passed over
        ("a.b/thumbs.mp4", False),
    ],
)
def test_what_systems_leave_beside_data_is_ignored(path: str, ignored: bool) -> None:
    assert is_ignored(path) is ignored


@pytest.mark.parametrize(
    ("path", "blurred", "slow"),
    [
        ("train_blur.zip/train/train_blur/000/0.png", True, False),
        ("val_blur_comp/000/0.png", True, False),
        ("GOPR0372_07_00/blur_gamma/000047.png", True, False),
        ("Blurry/0001.jpg", True, False),
        ("motionblur/1.png", True, False),
        ("train_sharp.zip/train/train_sharp/000/0.png", False, True),
        ("val_sharp_bicubic/X4/000/0.png", False, True),
        ("train_orig_part0.zip/train/train_orig/000/0.png", False, False),
        ("GOPR0372_07_00/sharp/000047.png", False, False),
        ("deblurring/my_blurb/0.png", False, False),
    ],
)
def test_names_tell_blurred_and_slow_sets(path: str, blurred: bool, slow: bool) -> None:
    assert (says_blurred(path), says_slow(path)) == (blurred, slow)


def test_names_sort_as_people_count() -> None:
    names = ["frame10", "frame2", "Frame1", "a", "2", "10"]
    assert sorted(names, key=natural_key) == ["a", "Frame1", "frame2", "frame10", "2", "10"]
