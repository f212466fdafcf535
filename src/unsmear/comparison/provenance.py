"""What a table must say about where its numbers come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from unsmear.files import write_json, write_text

PACKAGES = ("torch", "numpy", "opencv-python-headless", "snakemake", "mlflow", "scikit-image")


def collect_report_provenance(config_text: str, groups: str | Path, frames: Iterable[str | Path]) -> dict[str, str]:
    """Commit, and digests of the configuration and of the evaluated data.

    Parameters
    ----------
    config_text : the whole configuration
    groups : the group table
    frames : stores of the test split
    """
    from unsmear.frames.store import store_digest
    from unsmear.provenance import git_commit

    commit = git_commit(Path(__file__).resolve().parents[3])
    data = hashlib.sha256(Path(groups).read_bytes())
    for path in frames:
        data.update(store_digest(path).encode())
    return {
        "commit": "unknown" if commit is None else commit[0] + ("+changes" if commit[1] else ""),
        "config_digest": hashlib.sha256(config_text.encode()).hexdigest()[:16],
        "data_digest": data.hexdigest()[:16],
    }


def record_report(
    config_text: str, groups: str | Path, frames: Iterable[str | Path], codes: Mapping[str, str], outputs: Any
) -> dict[str, str]:
    """Write what a comparison with another run needs: ``outputs.config`` and ``outputs.provenance``.

    Parameters
    ----------
    config_text, groups, frames : as in :func:`collect_report_provenance`, whose result is returned
    codes : digest of the code of each rule
    """
    found = collect_report_provenance(config_text, groups, frames)
    write_text(outputs.config, config_text)
    write_json(outputs.provenance, {**found, "code": dict(codes), "versions": collect_versions()})
    return found


def collect_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Package name to its version, of those that are installed."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
