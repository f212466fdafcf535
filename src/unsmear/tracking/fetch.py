"""A recorded run as MLflow has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.secrets import redact


@dataclass(frozen=True)
class RecordedRun:
    """A run: settings, facts, last values, its duration where it has ended, and artifacts that were copied."""

    name: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    seconds: float | None
    files: Mapping[str, Path]


def fetch_run(run_id: str, store: str, artifacts: Collection[str], folder: Path) -> RecordedRun:
    """Ask a store for a run.

    Parameters
    ----------
    store : results folder with the embedded store, or what ``tracking.uri`` may be
    artifacts : names at the run's root that are copied into ``folder`` where they are there

    Raises
    ------
    ValueError
        If there is no such store, no such run in it, or the store does not answer.
    """
    try:
        config = TrackingConfig(uri=store if "://" in store else None)
    except ValidationError:
        raise ValueError("--store: it is no address of MLflow; docs/tracking.md has them under tracking.uri") from None
    destination = config.resolve(Path("results" if config.uri else store))
    if (file := destination.database_file) is not None and not file.is_file():
        raise ValueError(f"--store: {file} does not exist; name a results folder with mlflow/ in it")
    name = str(destination.database_file or destination.public)
    from unsmear.tracking.store import UNWELL, Store

    try:
        opened = Store(config, destination)
        run = opened.find_run(run_id)
        there = [entry.path for entry in opened.client.list_artifacts(run_id) if entry.path in artifacts] if run else []
        files = {name: Path(opened.client.download_artifacts(run_id, name, str(folder))) for name in there}
    except UNWELL as error:
        reason = redact(str(error).splitlines()[0])
        raise ValueError(f"--store: {name} cannot be read ({reason}); see that it is MLflow's, and reached") from error
    if run is None:
        raise ValueError(f"{name} has no run {run_id}; name its results folder or address with --store")
    seconds = (run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else None
    return RecordedRun(run.info.run_name, run.data.params, run.data.tags, run.data.metrics, seconds, files)
