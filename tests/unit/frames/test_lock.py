from __future__ import annotations

import hashlib
import json
import multiprocessing
from pathlib import Path

import pytest

from unsmear.fetch import MismatchError
from unsmear.frames.archives_config import Checksum
from unsmear.frames.lock import expected_checksum, read_lock, record, verify


def checksum(data: bytes) -> Checksum:
    return Checksum(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def test_what_is_recorded_is_read_back_and_held_to(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "reds.lock.json"
    assert read_lock(lock) == {}
    record("b.zip", checksum(b"b"), lock)
    record("a.zip", checksum(b"a"), lock)
    record("a.zip", checksum(b"a"), lock)
    assert list(json.loads(lock.read_text())["files"]) == ["a.zip", "b.zip"]
    assert read_lock(lock) == {"a.zip": checksum(b"a"), "b.zip": checksum(b"b")}
    with pytest.raises(MismatchError, match=r"a\.zip: sha256"):
        record("a.zip", checksum(b"c"), lock)


def test_a_mismatch_names_file_expected_and_found(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert verify(path, "x.zip", Checksum()) == checksum(b"abc")
    with pytest.raises(MismatchError, match=r"x\.zip: size 3 bytes found, 4 expected"):
        verify(path, "x.zip", Checksum(size=4))
    found, expected = checksum(b"abc").sha256, checksum(b"abd").sha256
    with pytest.raises(MismatchError, match=rf"x\.zip: sha256 {found} found, {expected} expected"):
        verify(path, "x.zip", checksum(b"abd"))


def test_config_and_lock_must_agree(tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    record("a.zip", checksum(b"a"), lock)
    assert expected_checksum("a.zip", {}, lock) == checksum(b"a")
    assert expected_checksum("b.zip", {"b.zip": Checksum(size=3)}, lock) == Checksum(size=3)
    assert expected_checksum("a.zip", {"a.zip": Checksum(size=1)}, lock) == checksum(b"a")
    with pytest.raises(ValueError, match=r"a\.zip: data\.reds\.checksums says size 7, .*lock\.json says 1"):
        expected_checksum("a.zip", {"a.zip": Checksum(size=7)}, lock)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 9, "files": {}}', '{"format": 1, "files": {"a": {"s": 1}}}']
)
def test_a_spoilt_lock_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock.json").write_text(text)
    with pytest.raises(ValueError, match=r"lock\.json: not a lock file .*restore or delete it"):
        read_lock(tmp_path / "lock.json")


def _record_some(lock: Path, start: int) -> None:
    for k in range(start, start + 10):
        record(f"{k:03d}.zip", checksum(bytes([k])), lock)


def test_jobs_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_record_some, args=(tmp_path / "lock.json", 10 * k)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert read_lock(tmp_path / "lock.json") == {f"{k:03d}.zip": checksum(bytes([k])) for k in range(40)}
