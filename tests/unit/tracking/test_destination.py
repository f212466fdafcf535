"""Which store, and whether it may be written from here."""

from __future__ import annotations

from pathlib import Path

import pytest

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.destination import on_network, resolve_destination

MOUNTS = [
    "overlay / overlay rw 0 0",
    "server:/export /home nfs4 rw 0 0",
    "/dev/sda1 /home/local ext4 rw 0 0",
    "lustre@tcp:/fs /with\\040blank lustre rw 0 0",
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tmp/x.db", False),
        ("/home/ada/x.db", True),
        ("/home/local/x.db", False),
        ("/homestead/x.db", False),
        ("/with blank/x.db", True),
    ],
)
def test_network_file_systems(path: str, expected: bool) -> None:
    assert on_network(Path(path), MOUNTS) is expected


def test_embedded_store_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    destination = resolve_destination(TrackingConfig(), tmp_path)
    assert destination.database_file == tmp_path / "mlflow/mlflow.db"
    assert destination.artifact_location == (tmp_path / "mlflow/artifacts").as_uri()
    assert (destination.public, destination.is_server, destination.is_unsafe_here) == ("embedded", False, False)
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert destination.is_unsafe_here


def test_server_is_safe_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    for uri in ("https://host:5000/", "postgresql://host/db"):
        assert not resolve_destination(TrackingConfig(uri=uri), tmp_path).is_unsafe_here
