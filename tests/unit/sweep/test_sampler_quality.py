from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_tpe_beats_random_on_branin_and_hartmann(repository):
    command = [sys.executable, str(repository / "benchmarks/sweep.py"), "--only", "functions"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.count("ok ") == 2, done.stdout + done.stderr
