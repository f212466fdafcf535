"""A recorded run as MLflow has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from unsmear.tracking.config import Destination, TrackingConfig


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
        If there is no such store, or no such run in it.
    """
    destination = _resolve(store)
    from unsmear.tracking.store import Store

    opened = Store(TrackingConfig(), destination)
    run = opened.find_run(run_id)
    if run is None:
        raise ValueError(f"{destination.public} has no run {run_id}; name its results folder or address with --store")
    ended = run.info.end_time
    return RecordedRun(
        run.info.run_name,
        run.data.params,
        run.data.tags,
        run.data.metrics,
        (ended - run.info.start_time) / 1000 if ended else None,
        {path.name: path for path in opened.download(run_id, artifacts, folder)},
    )


def _resolve(store: str) -> Destination:
    uri = store if "://" in store else None
    destination = TrackingConfig(uri=uri).resolve(Path("results" if uri else store))
    if destination.database_file is not None and not destination.database_file.is_file():
        raise ValueError(
            f"--store: {destination.database_file} does not exist; name a results folder with mlflow/ in it"
        )
    return destination
