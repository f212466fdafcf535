"""Workers that die for want of memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from unsmear.training.loader import explain_lost_workers


@pytest.mark.parametrize(
    "message",
    [
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of "
        "shared memory. Please try to raise your shared memory limit.",
        "unable to write to file </torch_7_3_0>: No space left on device (28)",
        "unable to allocate shared memory(shm) for file </torch_7_3_0>: Resource temporarily unavailable (11)",
        "unable to mmap 1228800 bytes from file </torch_7_3_0>: Cannot allocate memory (12)",
    ],
)
def test_small_shared_memory_is_named(message):
    found = explain_lost_workers(message, 4)
    assert "/dev/shm" in found and "training.num_workers 4" in found and "--shm-size" in found


def test_killed_worker_is_named():
    assert "training.num_workers (2)" in explain_lost_workers(
        "DataLoader worker (pid 7) is killed by signal: Killed.", 2
    )


def test_other_errors_stay_what_they_are():
    assert explain_lost_workers("size mismatch", 2) is None


SAMPLES = """
import torch


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, number):
        return torch.zeros(1_000_000)
"""
TRAINING = """
from samples import Samples
from unsmear.training.loader import BatchLoader, tell_lost_workers

if __name__ == "__main__":
    with tell_lost_workers(1):
        for batch in BatchLoader(Samples(), 8, range(64), workers=1, pin=False):
            pass
"""


@pytest.mark.slow
def test_a_real_small_shared_memory(repository, tmp_path):
    small = 'mount -t tmpfs -o size=8m tmpfs /dev/shm && exec "$@"'
    inside = ["unshare", "--mount", "sh", "-c", small, "-"]
    if not shutil.which("unshare") or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("a file system can be mounted for one process by root alone")
    (tmp_path / "samples.py").write_text(SAMPLES)
    (tmp_path / "train.py").write_text(TRAINING)
    environment = {**os.environ, "PYTHONPATH": f"{repository / 'src'}:{tmp_path}"}
    command = [*inside, sys.executable, str(tmp_path / "train.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert "ValueError: shared memory (/dev/shm, 8 MB) is too small" in done.stderr, done.stderr
