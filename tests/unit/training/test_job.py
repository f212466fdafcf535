"""A training job as a file."""

from __future__ import annotations

import pytest
from training_job import Job

from unsmear.training.job import TrainingJob


def test_a_job_is_read_as_it_was_written_and_by_its_owner_alone(tmp_path):
    job = Job(tmp_path, run="standard/center/r1-t1", is_trial=True, config={"gpus": 2}).described()
    job.write()
    assert TrainingJob.read(job.path) == job and job.path.stat().st_mode & 0o077 == 0


def test_a_damaged_job_is_named(tmp_path):
    path = tmp_path / "job.json"
    path.write_text('{"seed": 0}')
    with pytest.raises(ValueError, match=r"job.json does not describe a training"):
        TrainingJob.read(path)
