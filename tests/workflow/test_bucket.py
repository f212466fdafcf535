"""Data and results in a bucket: the whole tiny workflow against an S3 server on loopback, killed and continued."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from conftest import NETWORK, clean_environment

ACCESS, SECRET = "AKIA-of-a-test", "correct-horse-battery-staple"
BUCKET, PREFIX = "pictures", "runs/tiny"
PROFILE = ("--workflow-profile", "profiles/s3", "--default-storage-prefix", f"s3://{BUCKET}/{PREFIX}")
COPIES = Path(".snakemake/storage/s3", BUCKET, PREFIX, "results")
RUN = "models/masked/whole/final"
# One system of one stage, with a search of one trial.
SECTIONS = {
    "scenes": {
        "train_sequences": 1,
        "val_sequences": 1,
        "test_sequences": 2,
        "train_frames": 7,
        "val_frames": 7,
        "test_frames": 7,
    },
    "cameras": [{"name": "masked", "optics": "masked"}],
    "cascades": [
        {"name": "whole", "stages": [{"name": "whole", "predicts": [1, 2, 3, 4, 5, 6, 7], "network": NETWORK}]}
    ],
    "systems": [{"name": "masked", "camera": "masked", "cascade": "whole"}],
    "sweep": [
        {
            "system": "masked",
            "stage": "whole",
            "sampler": "grid",
            "space": {"learning_rate": {"choice": [0.001]}},
            "rounds": [{"trials": 1, "budget": 2}],
        }
    ],
    "training": {"defaults": {"steps": 60, "batch_size": 2, "crop": 64}, "validate_every": 30, "save_steps": 5},
    "evaluation": {"sequences_per_job": 4, "num_resamples": 200, "robustness": None},
    "report": {"select": ["median"], "figure_dpi": 60, "video_loops": 1},
}


@pytest.fixture
def bucket(monkeypatch, tmp_path) -> Iterator[object]:
    """A server's bucket; Snakemake is told of the server and its credentials by the environment alone."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"ENDPOINT_URL": f"http://127.0.0.1:{port}", "ACCESS_KEY": ACCESS, "SECRET_KEY": SECRET}
    for name, value in settings.items():
        monkeypatch.setenv(f"SNAKEMAKE_STORAGE_S3_{name}", value)
    with (tmp_path / "server.log").open("w") as log:
        command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert server.poll() is None and time.monotonic() < deadline, (tmp_path / "server.log").read_text()
            time.sleep(0.1)
        yield boto3.resource(
            "s3",
            endpoint_url=settings["ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=ACCESS,
            aws_secret_access_key=SECRET,
        ).Bucket(BUCKET)
    finally:
        server.kill()
        server.wait()


def contents(bucket) -> dict[str, tuple[object, str]]:
    """Object to when it was written and its digest, by its path below results/."""
    start = f"{PREFIX}/results/"
    assert all(entry.key.startswith(start) for entry in bucket.objects.all())
    return {entry.key.removeprefix(start): (entry.last_modified, entry.e_tag) for entry in bucket.objects.all()}


def kill_while_it_trains(project) -> None:
    """Run until the training has left a state, then kill Snakemake and its jobs at once."""
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", *PROFILE],
        cwd=project.folder,
        env=clean_environment(OMP_NUM_THREADS="1"),
        stdout=(project.folder / "killed.txt").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 900
    try:
        while not (project.folder / COPIES / RUN / "state.pt").exists():
            assert process.poll() is None and time.monotonic() < deadline, (project.folder / "killed.txt").read_text()
            time.sleep(0.02)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_whole_workflow_in_a_bucket_is_killed_and_loses_nothing(copy_tiny, bucket, tmp_path):
    project = copy_tiny(tmp_path / "project", **SECTIONS)
    kill_while_it_trains(project)
    before = contents(bucket)
    assert {"blur/masked/test/000.npy", "groups.csv", "models/masked/whole/trials/r1-t1/outcome.json"} <= set(before)
    assert f"{RUN}/weights.safetensors" not in before

    project.run("--unlock", *PROFILE)
    said = project.run(*PROFILE)
    after = contents(bucket)
    assert (
        "resumes from step"
        in (project.folder / COPIES / f"logs/train_stage/{RUN.removeprefix('models/')}.log").read_text()
    )
    # What was finished is not made again.
    assert {name: after[name] for name in before} == before
    promised = {f"{RUN}/{name}" for name in ("weights.safetensors", "metrics.csv", "outcome.json", "hparams.yaml")}
    promised |= {
        f"report/{name}"
        for name in (
            "index.html",
            "table.md",
            "gallery.json",
            "assets/masked_mtf.png",
            "sweeps/masked/whole/trials.csv",
        )
    }
    promised |= {"evaluation/masked/per_frame.csv", "benchmarks/train_stage/masked/whole/final.tsv"}
    assert promised <= set(after) and any(name.startswith("report/slider/") for name in after)
    table = bucket.Object(f"{PREFIX}/results/report/table.csv").get()["Body"].read().decode()
    assert {"input_masked", "masked"} <= {row["row"] for row in csv.DictReader(table.splitlines())}
    assert str(COPIES / "report/index.html") in said  # where a person can open it

    with sqlite3.connect(project.folder / COPIES / "mlflow/mlflow.db") as store:
        runs = dict(store.execute("select name, status from runs"))
    names = ("masked/whole/final", "masked/whole/trials/r1-t1", "masked/whole/sweep", "masked/evaluation")
    assert {name: runs.get(name) for name in names} == dict.fromkeys(names, "FINISHED")

    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert [
        path for path in files if SECRET.encode() in path.read_bytes() or ACCESS.encode() in path.read_bytes()
    ] == []
    assert SECRET not in said and ACCESS not in said
    # The bucket alone is whole: without the copies, nothing is to be done.
    assert not (project.folder / "results").exists()
    shutil.rmtree(project.folder / COPIES)
    assert project.plan(*PROFILE) == {}
