"""Commit, host and job; also without git and outside a repository."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from unsmear.provenance import collect_provenance, git_commit


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_commit_and_dirty_flag(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert git_commit(tmp_path) is None  # nothing committed yet
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("1")
    assert git_commit(tmp_path) == (head, False)
    (tmp_path / "a").write_text("2")
    assert git_commit(tmp_path) == (head, True)
    tags = collect_provenance(tmp_path)
    assert (tags["git.commit"], tags["git.dirty"], tags["mlflow.source.git.commit"]) == (head, "true", head)


@pytest.mark.parametrize("path", ["", None])
def test_without_git_or_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    if path is not None:
        monkeypatch.setenv("PATH", path)
    tags = collect_provenance(tmp_path)
    assert "git.commit" not in tags
    assert tags["host"] == socket.gethostname() and tags["version.torch"]


def test_slurm_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    assert collect_provenance(tmp_path)["slurm.job_id"] == "4711"
    monkeypatch.delenv("SLURM_JOB_ID")
    assert "slurm.job_id" not in collect_provenance(tmp_path)
