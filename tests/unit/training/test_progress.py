"""A bar on a terminal, plain lines in a log."""

from __future__ import annotations

import io
import logging
import re

import pytest

from unsmear.training import progress
from unsmear.training.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_tell_speed_and_time_left_of_this_session(clock, caplog, capsys):
    caplog.set_level(logging.INFO)
    with Progress("run", steps=100, first=40) as bar:
        for _ in range(20):
            clock[0] += 2.0
            bar.advance(0.5, images=8)
        bar.report(0.5, 27.25)
        for _ in range(31):
            clock[0] += 2.0
            bar.advance(0.25, images=8)
    assert caplog.messages == [
        "run: step 60 of 100, loss 0.5, validation PSNR 27.25 dB, 4.0 images/s, 80 s left",
        "run: step 91 of 100, loss 0.25, 4.0 images/s, 18 s left",
    ]
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar_with_loss_speed_and_time_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("run", steps=4, first=0) as bar:
        bar.bar.mininterval = 0
        for _ in range(3):
            bar.advance(0.125, images=8)
    assert re.search(r"run: +75%\|.*\| 3/4 \[\d\d:\d\d<\d\d:\d\d, .*loss 0.125, \d+ images/s", terminal.getvalue())
