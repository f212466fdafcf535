"""Wrong uses of ``unsmear evaluate`` end with one sentence and leave everything as it was."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from unsmear.cli import main
from unsmear.sharing import evaluate
from unsmear.weights.load import shipped_file


def write_frames(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        cv2.imwrite(str(folder / f"{number:04d}.png"), np.zeros((64, 64, 3), np.uint8))
    return folder


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (0, [], "--footage: .*clips and its folders hold no picture"),
        (1, [], "--footage: no folder below .* has 7 frames in a row"),
        (7, ["--footage", ""], "--footage: an empty name does not exist"),
        (7, ["--footage", "/dev/null"], "--footage: null is neither a video nor a zip"),
        (7, ["--footage", "notes.mp4"], "notes.mp4: not a readable video but text"),
        (7, ["--footage", "notes.mp4", "--rate", "0"], "--rate: Input should be greater than 0"),
        (7, ["--max-frames", "0"], "--max-frames: 0 is below the 7 frames"),
        (7, ["--max-frames", "5"], "--max-frames: 5 is below the 7 frames"),
        (7, ["--max-frames", "200000"], "--max-frames: Input should be less than or equal to 100000"),
        (7, ["--max-height", "4"], "--max-height: Input should be greater than or equal to 16"),
        (7, ["--footage", "notes.txt", "clips"], "--footage: clips is one too many"),
        (7, ["--footage", "a{b}"], "--footage: .*a{b} holds a brace"),
        (7, ["--weights", "weights{a}"], "--weights: .* holds a brace"),
        (7, ["--cores", "0"], "--cores: 0 is neither all nor a number"),
        (7, ["--cores", "many"], "--cores: many is neither all nor a number"),
        (7, ["--output", "clips/out"], "--output: .*clips/out lies in the footage"),
        (7, ["--output", "notes.txt"], "notes.txt is a file, not a folder"),
        (7, ["--output", "notes.txt/out"], "notes.txt is a file, not a folder"),
        (7, ["--output", "mine"], "config.yaml was not written by unsmear evaluate"),
    ],
)
def test_wrong_uses_are_told_and_write_nothing(tmp_path, monkeypatch, capsys, count, options, message):
    monkeypatch.chdir(tmp_path)
    write_frames(tmp_path / "clips", count)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "notes.mp4").write_text("hello")
    (tmp_path / "a{b}").mkdir()
    shutil.copytree(shipped_file("masked", "center").parent, tmp_path / "weights{a}")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/config.yaml").write_text("seed: 1\n")
    before = sorted(tmp_path.rglob("*"))
    assert main(["evaluate", "--footage", "clips", *options]) == 2
    shown = capsys.readouterr().err
    # No key is named: the configuration is none of the user's.
    assert re.search(message, shown) and len(shown.splitlines()) == 1 and "data." not in shown
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "mine/config.yaml").read_text() == "seed: 1\n"


def test_a_configuration_of_its_own_is_written_anew(tmp_path, monkeypatch):
    command = ["false"]
    monkeypatch.setattr(evaluate, "workflow_command", lambda *arguments: command)
    arguments = ["evaluate", "--footage", str(write_frames(tmp_path / "my clips", 7)), "--output", str(tmp_path / "o")]
    assert main(arguments) == main(arguments) == 1
    written = yaml.safe_load((tmp_path / "o/config.yaml").read_text())
    assert written["name"] == "my_clips" and "my clips" in str(written["data"])


def test_an_interruption_waits_until_the_workflow_has_cleared_up(tmp_path, monkeypatch):
    ended = []

    class Workflow:
        def __init__(self, *_, **__):
            self.interrupted = False

        def wait(self):
            if not self.interrupted:
                self.interrupted = True
                raise KeyboardInterrupt
            ended.append(True)

    monkeypatch.setattr(evaluate.subprocess, "Popen", Workflow)
    arguments = ["evaluate", "--footage", str(write_frames(tmp_path / "clips", 7)), "--output", str(tmp_path / "o")]
    assert main(arguments) == 130 and ended == [True]
