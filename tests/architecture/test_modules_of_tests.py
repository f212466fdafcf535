"""Test modules are imported by their file's name alone, so no two may share one."""

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_no_two_test_modules_have_one_name():
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert names.total() > 100
    assert [name for name, count in names.items() if count > 1] == []
