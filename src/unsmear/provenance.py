"""Where a result comes from: commit, host, job and versions, as tags of a run."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("unsmear", "torch", "numpy", "mlflow", "snakemake", "opencv-python-headless")
_JOB_VARIABLES = {
    "slurm.job_id": "SLURM_JOB_ID",
    "slurm.array_task_id": "SLURM_ARRAY_TASK_ID",
    "slurm.partition": "SLURM_JOB_PARTITION",
}


def collect_provenance(repository: Path | None = None) -> dict[str, str]:
    """Tags that say which code ran where.

    Parameters
    ----------
    repository : folder of the source tree; None takes the one this package lies in. Without git, or outside
        a repository, the commit is left out.

    Returns
    -------
    dict with ``git.commit`` and ``git.dirty`` ("true" or "false"), ``host``, ``platform``, ``slurm.job_id``
    inside a SLURM job, ``version.{package}`` for each installed package that matters, and MLflow's own
    ``mlflow.user`` and ``mlflow.source.git.commit``.
    """
    tags = {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "version.python": platform.python_version(),
    }
    tags |= {tag: os.environ[name] for tag, name in _JOB_VARIABLES.items() if os.environ.get(name)}
    tags |= _versions()
    commit = git_commit(repository or Path(__file__).resolve().parents[2])
    if commit is not None:
        tags |= {
            "git.commit": commit[0],
            "git.dirty": str(commit[1]).lower(),
            "mlflow.source.git.commit": commit[0],
        }
    try:
        tags["mlflow.user"] = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        tags["mlflow.user"] = str(os.getuid())
    return tags


def git_commit(repository: Path) -> tuple[str, bool] | None:
    """Commit checked out in ``repository`` and whether tracked files differ from it; None outside one.

    An installed package may lie inside somebody else's repository (a virtual environment in a project), whose
    commit would say nothing; so this file itself must be tracked there when it lies inside ``repository``.
    """
    commit = _git(repository, "rev-parse", "HEAD")
    if commit is None:
        return None
    here = Path(__file__).resolve()
    if here.is_relative_to(repository.resolve()) and not _git(repository, "ls-files", "--", str(here.parent)):
        return None
    status = _git(repository, "status", "--porcelain", "--untracked-files=no")
    return commit, bool(status)


def _git(repository: Path, *arguments: str) -> str | None:
    # Optional locks off: a status must not disturb a git command that the user runs at the same time.
    command = ["git", "--no-optional-locks", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def describe_machine(gpus: int = 0) -> dict[str, Any]:
    """What a job ran on: ``processor``, and of one that asked for ``gpus`` their number, name and peak memory.

    Of GPUs only those that this process has used are known by name; ``gpu_peak_mb`` is what torch reserved.
    """
    found: dict[str, Any] = {"processor": _processor()}
    torch = sys.modules.get("torch")
    if gpus:
        found["gpus"] = gpus
    if torch is not None and torch.cuda.is_initialized():
        found |= {
            "gpus": max(gpus, 1),
            "gpu": torch.cuda.get_device_name(),
            "gpu_peak_mb": round(torch.cuda.max_memory_reserved() / 1e6),
        }
    return found


def _processor() -> str:
    """Name of the processor's model, or as much as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def describe_environment() -> str:
    """Python, platform and every installed package with its version, a line each.

    Read from the names of the packages' folders: opening each one's description takes a hundred times as long.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        if not Path(folder or ".").is_dir():
            continue
        for path in Path(folder or ".").glob("*.dist-info"):
            name, _, number = path.stem.rpartition("-")
            found.setdefault(name.lower().replace("_", "-"), number)
    packages = [f"{name}=={number}" for name, number in sorted(found.items())]
    return "\n".join([f"# Python {platform.python_version()}, {platform.platform()}", *packages]) + "\n"


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[f"version.{package}"] = version(package)
        except PackageNotFoundError:
            continue
    return versions
