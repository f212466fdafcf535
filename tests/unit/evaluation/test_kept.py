"""An evaluation that is ended early keeps the sequences that it finished, as long as nothing changes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from unsmear.evaluation.kept import FOLDER, KeptTables
from unsmear.evaluation.records import SequenceFiles

NAMES = ("000", "001", "002")


@pytest.fixture
def sequences(tmp_path):
    found = []
    for place, name in enumerate(NAMES):
        for folder in ("frames", "blur"):
            (tmp_path / folder / "test").mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / folder / f"test/{name}.npy", np.full((2, 4, 4, 3), place, np.uint8))
        stores = [tmp_path / folder / f"test/{name}.npy" for folder in ("frames", "blur")]
        found.append(SequenceFiles("test", name, *stores, tmp_path / f"sequences/{name}.csv"))
    (tmp_path / "weights").write_text("first")
    return found


def keep(tmp_path: Path, sequences, settings=None, **changes):
    return KeptTables(sequences, {"batch_size": 4, **(settings or {})}, [tmp_path / "weights"], **changes)


def write(kept: KeptTables, files: SequenceFiles) -> None:
    kept.path(files).parent.mkdir(parents=True, exist_ok=True)
    kept.path(files).write_text(files.sequence)


def names(found):
    return [files.sequence for files in found]


def test_goes_on_after_the_last_finished_sequence(tmp_path, sequences, caplog):
    first = keep(tmp_path, sequences)
    assert names(first.missing()) == list(NAMES)
    for files in sequences[:2]:
        write(first, files)
    assert not any(files.output.exists() for files in sequences)
    second = keep(tmp_path, sequences)
    with caplog.at_level(logging.INFO):
        assert names(second.missing()) == ["002"]
    assert "2 of 3 sequences were scored before" in caplog.text
    write(second, sequences[2])
    second.release()
    assert [files.output.read_text() for files in sequences] == list(NAMES)
    assert not (tmp_path / "sequences" / FOLDER).exists()


@pytest.mark.parametrize("what", ["weights", "settings", "frames", "blur"])
def test_a_table_of_other_inputs_is_not_taken(tmp_path, sequences, what):
    first = keep(tmp_path, sequences)
    for files in sequences:
        write(first, files)
    settings = {}
    if what == "weights":
        (tmp_path / "weights").write_text("second")
    elif what == "settings":
        settings = {"batch_size": 8}
    else:
        np.save(tmp_path / what / "test/001.npy", np.full((2, 4, 4, 3), 99, np.uint8))
    second = keep(tmp_path, sequences, settings)
    assert names(second.missing()) == (["001"] if what in ("frames", "blur") else list(NAMES))


def test_another_jobs_tables_stay(tmp_path, sequences):
    mine, others = keep(tmp_path, sequences[:1]), keep(tmp_path, sequences[1:])
    write(others, sequences[1])
    write(mine, sequences[0])
    mine.release()
    assert names(keep(tmp_path, sequences[1:]).missing()) == ["002"]
