"""Nothing is lost: killed, stopped and broken trainings resume from their last good state."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from training_job import Job, make_data

from unsmear.files import read_rows
from unsmear.training.resume import StateFiles

OFTEN = {"save_steps": 1}


def wait_for(condition, process, seconds=240):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode} too early:\n{process.stderr.read()}"
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted training; others of the same data have folders of their own beside it."""
    root = tmp_path_factory.mktemp("whole")
    make_data(root)
    whole = Job(root, run="standard/center/whole", hparams={"steps": 60})
    whole.train()
    return whole


def test_each_of_two_states_falls_back_to_the_one_before(tmp_path, caplog):
    states = StateFiles(tmp_path, "key")
    states.save({"step": 1})
    states.save({"step": 2})
    states.save({"step": 3})
    newest = tmp_path / "state.pt"
    content = newest.read_bytes()
    assert states.load() == {"step": 3}
    for damaged in (content[:-20], content[:400] + b"\0" + content[401:], b""):
        newest.write_bytes(damaged)
        caplog.clear()
        assert states.load() == {"step": 2}
        assert "state.pt is torn or corrupt" in caplog.text
    # Killed between the two renames of a save there is no newest state.
    newest.unlink()
    assert states.load() == {"step": 2}
    states.remove()
    assert not list(tmp_path.iterdir())


def test_kill_goes_on_to_the_same_bits(whole):
    killed = replace(whole, run="standard/center/killed", config=OFTEN)
    process = killed.begin()
    wait_for((killed.folder / "state.previous.pt").exists, process)
    process.kill()
    process.communicate()
    assert not killed.weights.exists()
    again = killed.begin()
    said = again.communicate()[1]
    assert again.returncode == 0 and "resumes from step" in said, said
    assert killed.weights.read_bytes() == whole.weights.read_bytes()
    columns = ("step", "split", "loss", "psnr", "log_mse", "lr", "epoch")
    wanted, found = (
        [[row[name] for name in columns] for row in read_rows(job.folder / "metrics.csv")] for job in (whole, killed)
    )
    assert found == wanted
    assert sorted(path.name for path in killed.folder.iterdir()) == sorted(path.name for path in whole.folder.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_training_saves_its_state(whole, number):
    stopped = replace(whole, run=f"standard/center/stopped{number}", config=OFTEN)
    process = stopped.begin()
    wait_for((stopped.folder / "state.pt").exists, process)
    process.send_signal(number)
    said = process.communicate(timeout=240)[1]
    assert process.returncode == 128 + number
    assert "its state is saved" in said and "Traceback" not in said
    assert not stopped.weights.exists()
    replace(stopped, config={}).train()
    assert stopped.weights.read_bytes() == whole.weights.read_bytes()


def test_workers_and_restarts_change_no_sample(whole):
    several = replace(whole, run="standard/center/several", config={"num_workers": 2, **OFTEN})
    process = several.begin()
    wait_for((several.folder / "state.pt").exists, process)
    process.kill()
    process.communicate()
    again = several.begin()
    assert "resumes from step" in again.communicate()[1]
    assert several.weights.read_bytes() == whole.weights.read_bytes()


def test_state_of_other_hyper_parameters_is_not_used(whole, caplog):
    other = replace(whole, run="standard/center/other")
    StateFiles(other.folder, "of another run").save({"step": 3})
    other.train()
    assert "belongs to other hyper-parameters, data or code and is not used" in caplog.text
    assert other.weights.read_bytes() == whole.weights.read_bytes()


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 512 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"cannot mount a small file system: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_leaves_the_state_before(full_disk):
    states = StateFiles(full_disk, "key")
    rng = np.random.default_rng(0)
    states.save({"step": 1, "bytes": rng.bytes(100_000)})
    (full_disk / "other").write_bytes(bytes(300_000))
    with pytest.raises(ValueError, match="No space left on device; earlier states are intact: make room"):
        states.save({"step": 2, "bytes": rng.bytes(300_000)})
    assert states.load()["step"] == 1
    assert sorted(path.name for path in full_disk.iterdir()) == ["other", "state.pt"]
