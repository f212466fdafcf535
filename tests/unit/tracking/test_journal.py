"""The journal survives what a crash does to a file."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsmear.tracking.journal import Journal, encode_number, find_journals, is_being_written, read_entries, read_header

RECORDS = [{"kind": "run", "format_version": 1, "n": 0}, {"kind": "x", "text": 'ä\n"b"'}, {"kind": "y", "n": [1, 2]}]


def write(path: Path, records: list[dict]) -> None:
    journal = Journal(path)
    for record in records:
        journal.append(record)
    journal.close()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_survives(value: float) -> None:
    back = float(json.loads(json.dumps(encode_number(value), allow_nan=False)))
    assert back == value or (math.isnan(back) and math.isnan(value))


def test_each_cut_leaves_the_whole_lines_before_it(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write(path, RECORDS)
    content = path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(content) if byte == 10]
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        num_whole = sum(end <= cut for end in ends)
        assert [record for record, _ in read_entries(path)] == RECORDS[:num_whole]
        # Opened again and continued: a line that lacks only its newline is kept, a torn one goes.
        num_kept = num_whole + (cut + 1 in ends)
        write(path, [{"kind": "after"}])
        assert [record for record, _ in read_entries(path)] == [*RECORDS[:num_kept], {"kind": "after"}]


def test_positions_lead_back_into_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write(path, RECORDS)
    ends = [end for _, end in read_entries(path)]
    assert ends[-1] == path.stat().st_size
    for index, end in enumerate(ends):
        assert [record for record, _ in read_entries(path, end)] == RECORDS[index + 1 :]


def test_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    lines = [json.dumps(record).encode() + b"\n" for record in RECORDS]
    path.write_bytes(lines[0] + b"\0\0\0\xff{\n" + b"[1]\n" + b'{"no kind": 1}\n' + lines[1])
    assert [record for record, _ in read_entries(path)] == RECORDS[:2]


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_file_system_without_locks_costs_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, "not here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.warns(UserWarning, match="no file locks"):
        write(tmp_path / "j.jsonl", RECORDS)
    with pytest.warns(UserWarning, match="no file locks"):
        assert not is_being_written(tmp_path / "j.jsonl")
    assert [record for record, _ in read_entries(tmp_path / "j.jsonl")] == RECORDS


def test_journals_are_found_where_runs_are(tmp_path: Path) -> None:
    for place in ("models/frames/run/final", "frames/x", "models/a/run.files", "mlflow/artifacts"):
        (tmp_path / place).mkdir(parents=True)
        write(tmp_path / place / "run.jsonl", RECORDS)
    (tmp_path / "died at once").mkdir()
    (tmp_path / "died at once/run.jsonl").touch()
    assert find_journals(tmp_path) == [tmp_path / "models/frames/run/final/run.jsonl"]


def test_second_writer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unsmear.tracking.journal.WAIT_FOR_WRITER_S", 0.0)
    journal = Journal(tmp_path / "j.jsonl")
    with pytest.raises(ValueError, match="another process writes"):
        Journal(tmp_path / "j.jsonl")
    journal.close()
    Journal(tmp_path / "j.jsonl").close()


def test_record_outlives_a_killed_process(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from unsmear.tracking.journal import Journal\n"
        "Journal(Path(sys.argv[1])).append({'kind': 'last words'}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "j.jsonl")], check=False)
    assert [record for record, _ in read_entries(tmp_path / "j.jsonl")] == [{"kind": "last words"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"kind": "metrics"}\n', "no journal of a run"), ('{"kind": "run", "format_version": 99}\n', "update unsmear")],
)
def test_header_of_something_else_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "j.jsonl").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_header(tmp_path / "j.jsonl")
