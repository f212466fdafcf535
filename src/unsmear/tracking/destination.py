"""Which store the records go to, with its credentials apart from its address."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.secrets import expand_variables, public_uri, split_credentials

EMBEDDED = "embedded"
_CLUSTER_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "lustre",
        "gpfs",
        "cifs",
        "smb3",
        "smbfs",
        "beegfs",
        "ceph",
        "afs",
        "fuse.sshfs",
        "fuse.glusterfs",
    }
)


@dataclass(frozen=True)
class Destination:
    """Address of a store."""

    uri: str = field(repr=False)  # what mlflow is given: with credentials for a database, without for a server
    public: str  # what may be shown and compared
    folder: Path  # results/mlflow: the embedded store, locks
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    artifact_location: str | None = field(default=None, repr=False)

    @property
    def is_server(self) -> bool:
        """Whether records travel over HTTP."""
        return self.uri.startswith(("http://", "https://"))

    @property
    def database_file(self) -> Path | None:
        """File of an SQLite store, None for any other."""
        return Path(self.uri.removeprefix("sqlite:///")) if self.uri.startswith("sqlite:///") else None

    @property
    def patience(self) -> int:
        """How many times ``finish_wait_s`` a job waits; an embedded store is never away, only slow on busy cores."""
        return 1 if self.database_file is None else 4

    @property
    def is_unsafe_here(self) -> bool:
        """Whether this process should leave sending to a later, single job.

        SQLite's locks are not to be trusted on a file system that several machines share.
        """
        if self.database_file is None:
            return False
        return any(name in os.environ for name in _CLUSTER_VARIABLES) or on_network(self.database_file)


def resolve_destination(config: TrackingConfig, root: Path) -> Destination:
    """Find the store that ``config`` names; ``root`` is the results folder.

    Raises
    ------
    ValueError
        If the URI uses an environment variable that is not set, or a server's has a query.
    """
    folder = root.resolve() / "mlflow"
    location = config.artifact_location or (folder / "artifacts").as_uri()
    if config.uri is None:
        return Destination(f"sqlite:///{folder / 'mlflow.db'}", EMBEDDED, folder, artifact_location=location)
    uri = expand_variables(config.uri)
    if not uri.startswith(("http://", "https://")):
        return Destination(uri, public_uri(uri), folder, artifact_location=location)
    public = public_uri(uri)
    clean, username, password = split_credentials(uri)
    if "?" in clean:
        raise ValueError(
            f"tracking.uri {public}?... has a query, which a tracking server does not take; give credentials as "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    return Destination(clean.rstrip("/"), public.rstrip("/"), folder, username, password)


def on_network(path: Path, mounts: Iterable[str] | None = None) -> bool:
    """Whether ``path`` lies on a file system that other machines may share (read from /proc/mounts)."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
    path = path.absolute()
    deepest, kind = -1, ""
    for line in mounts:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        # Of two mounts on one point the later one is on top.
        if path.is_relative_to(point) and len(point.parts) >= deepest:
            deepest, kind = len(point.parts), fields[2]
    return kind in _NETWORK_FILE_SYSTEMS
