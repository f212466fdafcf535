"""The store behind MLflow's client; importing this module imports mlflow, so others do it inside functions.

Sending is safe to repeat: a run is found again by its tag ``unsmear.id``; a store keeps one row for each
(run, metric, step, time, value); params and tags have one value a name; artifacts have one file a path.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.db import utils as database_utils
from mlflow.tracking import MlflowClient

from unsmear.files import write_atomically
from unsmear.tracking.config import EMBEDDED, Destination, TrackingConfig, sqlite_uri
from unsmear.tracking.journal import Value
from unsmear.tracking.secrets import remember_secret

# What a store that is away, or is none, answers with.
UNWELL = (MlflowException, database_utils.sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError)
_LONGEST_NAME = 250
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")
# Where MLflow keeps addresses of artifacts.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


class Store:
    """One tracking store; every method may raise when the store is not well, and may then be called again."""

    def __init__(self, config: TrackingConfig, destination: Destination) -> None:
        self.destination = destination
        _set_environment(config, destination)
        if destination.database_file is not None:
            create_database(destination.database_file)
            if destination.public == EMBEDDED:
                (destination.folder / "artifacts").mkdir(exist_ok=True)
                relocate_artifacts(destination.database_file)
        self.client = MlflowClient(destination.uri, registry_uri=destination.uri)

    def ping(self) -> None:
        """Ask for something small."""
        self.client.search_experiments(max_results=1)

    def find_run(self, run_id: str) -> Run | None:
        """The run, deleted ones included; None if the store has none of this id."""
        try:
            return self.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def ensure_run(self, header: dict[str, Any], parent_id: str | None) -> str:
        """MLflow's id of the run that a journal's header names; the run is created if need be."""
        experiment_id = self._ensure_experiment(header["experiment"])
        if (found := self._find_by_id(experiment_id, header["id"])) is not None:
            return found
        tags = {"unsmear.id": header["id"], "unsmear.key": header["key"], "mlflow.parentRunId": parent_id}
        tags = {name: value for name, value in tags.items() if value is not None}
        self.client.create_run(experiment_id, header["time"], tags, header["name"])
        # An earlier request, given up here, may have arrived all the same: then the first in order stays.
        found = self._find_by_id(experiment_id, header["id"])
        assert found is not None
        return found

    def _find_by_id(self, experiment_id: str, run: str) -> str | None:
        found: list[Run] = self.client.search_runs([experiment_id], f"tags.`unsmear.id` = '{run}'", ViewType.ALL)
        # The one that holds data is the real one; a double, which only a lost answer can leave, is empty.
        found = sorted(found, key=lambda run: (-len(run.data.metrics) - len(run.data.params), run.info.run_id))
        for double in found[1:]:
            if double.info.lifecycle_stage == "active":
                self.client.delete_run(double.info.run_id)
        return found[0].info.run_id if found else None

    def send_values(self, run_id: str, values: Iterable[Value]) -> None:
        """Send metrics, params and tags; MLflow shortens long values, and sends as many at a time as it allows."""
        points, settings, facts = list[Metric](), list[Param](), list[RunTag]()
        for kind, name, value, ms, step in values:
            name = _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
            if kind == "metrics":
                points.append(Metric(name, float(value), ms, step))
            elif kind == "params":
                settings.append(Param(name, str(value)))
            else:
                facts.append(RunTag(name, str(value)))
        self.client.log_batch(run_id, points, settings, facts, synchronous=True)

    def send_file(self, run_id: str, path: Path, folder: str) -> None:
        """Send one file as an artifact."""
        self.client.log_artifact(run_id, str(path), folder or None)

    def send_dataset(self, run_id: str, record: dict[str, Any]) -> None:
        """Record which data a run used."""
        source, profile = json.dumps({"uri": record["source"]}), json.dumps(record["profile"])
        dataset = Dataset(record["name"], record["digest"], "local", source, profile=profile)
        tags = [InputTag("mlflow.data.context", record["context"])]
        self.client.log_inputs(run_id, [DatasetInput(dataset, tags)])

    def set_status(self, run_id: str, status: str, time_ms: int | None = None) -> None:
        """Say how the run stands; an end has a time."""
        if status == "RUNNING":
            self.client.update_run(run_id, status)
        else:
            self.client.set_terminated(run_id, status, time_ms)

    def _ensure_experiment(self, name: str) -> str:
        """Id of the experiment of this name; created, or taken back from the deleted ones, if need be."""
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            location = self.destination.artifact_location
            return str(self.client.create_experiment(name, f"{location}/{quote(name)}" if location else None))
        if experiment.lifecycle_stage == "deleted":
            self.client.restore_experiment(experiment.experiment_id)
        return str(experiment.experiment_id)


def create_database(path: Path) -> None:
    """Create or migrate an SQLite store; one process at a time. A new one appears whole or not at all."""
    if not path.exists():
        with write_atomically(path) as temporary:
            _upgrade(temporary)
        return
    engine = database_utils.create_sqlalchemy_engine(sqlite_uri(path))
    found, wanted = database_utils._get_schema_version(engine), database_utils._get_latest_schema_revision()
    engine.dispose()
    if found != wanted:
        shutil.copyfile(path, path.with_name(f"{path.name}.before-{wanted}"))
        _upgrade(path)


def _upgrade(path: Path) -> None:
    engine = database_utils.create_sqlalchemy_engine(sqlite_uri(path))
    database_utils._initialize_tables(engine)  # those that are not there, and migrates all
    engine.dispose()


def relocate_artifacts(path: Path) -> None:
    """Have the embedded store look for artifacts beside itself, where it has been moved or copied to.

    MLflow keeps absolute addresses only. Artifacts that were never beside the store are left alone.
    """
    here = f"{(path.parent / 'artifacts').as_uri()}/"
    with sqlite3.connect(path, timeout=60) as connection:
        places = [place or "" for (place,) in connection.execute("select artifact_location from experiments")]
        found = [re.match(r"file://.*/mlflow/artifacts/", place) for place in places]
        for there in {match[0] for match in found if match} - {here}:
            for table, column in _ADDRESSES:
                connection.execute(
                    f"update {table} set {column} = ? || substr({column}, ?) where substr({column}, 1, ?) = ?",
                    (here, len(there) + 1, len(there), there),
                )
    connection.close()


def _set_environment(config: TrackingConfig, destination: Destination) -> None:
    """Have MLflow's client fail soon and quietly, and leave repeating to us, who look first what has arrived."""
    os.environ |= {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(config.timeout_s),
        "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": str(config.upload_timeout_s),
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }
    if destination.username is not None:
        os.environ["MLFLOW_TRACKING_USERNAME"] = destination.username
        os.environ["MLFLOW_TRACKING_PASSWORD"] = destination.password or ""
        remember_secret(destination.password)
    for name in ("mlflow", "alembic", "urllib3", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
