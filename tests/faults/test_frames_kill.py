"""Kill -9 and Ctrl-C in the middle: what is left is no output, and a rerun goes on or starts anew."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from fault_server import Fault, FaultServer

from unsmear.frames import reds
from unsmear.frames.archives_config import RedsConfig
from unsmear.frames.extract import extract_sequence

pytestmark = pytest.mark.usefixtures("quick")
WHOLE, SINGLE = "train_orig_part0.zip", "train_002.zip"

FETCH = """
import sys
from unsmear import retry
from unsmear.frames import partial, ranges, reds
from unsmear.frames.archives_config import RedsConfig
partial.PIECE_BYTES, partial.SAVE_EVERY_S, ranges.READ_AHEAD_BYTES, retry.FIRST_WAIT_S = 300_000, 0.01, 100_000, 0.01
name, output, url, lock = sys.argv[1:]
reds.fetch_archive(name, output, RedsConfig(mirrors=(url,), lock=lock, connections=2))
"""
EXTRACT = """
import sys
from unsmear.frames.extract import extract_sequence
extract_sequence(sys.argv[1], "train", "000", sys.argv[2])
"""


def interrupt(arguments: list[str], ready: Callable[[], bool], how: int) -> int:
    """Run a Python program, stop it by signal ``how`` once ``ready()``; return its exit status."""
    process = subprocess.Popen(
        [sys.executable, "-c", *arguments],
        stderr=subprocess.DEVNULL,
        # A shell's background jobs ignore Ctrl-C and pass that on; the program must hear it here.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, "ended before it could be interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(how)
    return process.wait(30)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["kill", "ctrl-c", "term"])
@pytest.mark.parametrize("name", [WHOLE, SINGLE])
def test_an_interrupted_download_goes_on_where_it_stopped(
    name: str, how: signal.Signals, server: FaultServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.choose = lambda number, path: Fault("trickle", 0.03)
    output, lock = tmp_path / "archives" / name, tmp_path / "lock.json"
    total = len(official[f"/{WHOLE}"]) if name == WHOLE else 673_000
    arguments = [FETCH, name, str(output), server.url, str(lock)]
    directory = 66_000 if name == SINGLE else 0
    assert interrupt(arguments, lambda: server.sent > directory + 0.6 * total, how) != 0
    assert not output.exists()
    assert not lock.exists()

    time.sleep(0.1)  # the server notices that its client is gone
    before = server.sent
    server.choose = lambda number, path: None
    output.parent.mkdir(exist_ok=True)
    (output.parent / f"..{name}.unchecked.part.1.tmp.json").touch()  # of a job killed while it took notes
    reds.fetch_archive(name, output, RedsConfig(mirrors=(server.url,), lock=str(lock)))
    assert server.sent - before - directory < 0.7 * total
    if name == WHOLE:
        assert output.read_bytes() == official[f"/{name}"]
    else:
        (tmp_path / WHOLE).write_bytes(official[f"/{WHOLE}"])
        with zipfile.ZipFile(tmp_path / WHOLE) as truth, zipfile.ZipFile(output) as found:
            wanted = [member for member in truth.namelist() if "/002/0" in member]
            assert found.namelist() == wanted
            assert all(found.read(member) == truth.read(member) for member in wanted)
    assert [path.name for path in output.parent.iterdir()] == [name]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_a_killed_extraction_leaves_no_store_and_a_rerun_completes(how: signal.Signals, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, 480, 640, 3), np.uint8)
    pngs = [cv2.imencode(".png", frame[..., ::-1])[1].tobytes() for frame in frames]
    archive, output = tmp_path / "train_orig_part0.zip", tmp_path / "frames" / "train" / "000.npy"
    with zipfile.ZipFile(archive, "w") as packed:
        for k in range(120):
            packed.writestr(f"train/train_orig/000/{k:08d}.png", pngs[k % 4])

    def half_written() -> bool:
        return any(path.stat().st_size > 5_000_000 for path in output.parent.glob(".000.*"))

    assert interrupt([EXTRACT, str(archive), str(output)], half_written, how) != 0
    assert not output.exists()
    extract_sequence(archive, "train", "000", output)
    store = np.load(output, mmap_mode="r")
    assert store.shape == (120, 480, 640, 3)
    assert all(np.array_equal(store[k], frames[k % 4]) for k in range(120))
    assert [path.name for path in output.parent.iterdir()] == ["000.npy"]
