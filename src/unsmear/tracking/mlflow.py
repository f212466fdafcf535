"""The store behind MLflow's client; importing this module imports mlflow, so others do it inside functions.

Sending is safe to repeat: a run is found again by its tag ``unsmear.key``; a store keeps one row for each
(run, metric, step, time, value); params and tags have one value a name; artifacts have one file a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Param,
    Run,
    RunTag,
    ViewType,
)
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from unsmear.tracking.client_settings import quieten, set_environment
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.destination import EMBEDDED, Destination
from unsmear.tracking.journal import decode_number, lock_file
from unsmear.tracking.mlflow_database import create_database, relocate_artifacts

KEY_TAG = "unsmear.key"
_LONGEST_NAME, _LONGEST_PARAM, _LONGEST_TAG = 250, 6000, 8000
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")


class MlflowStore:
    """One tracking store; every method may raise when the store is not well, and may then be called again."""

    def __init__(self, config: TrackingConfig, destination: Destination) -> None:
        self.destination = destination
        set_environment(config, destination)
        quieten()
        with self._opening():
            if destination.database_file is not None:
                create_database(destination.database_file)
                if destination.public == EMBEDDED:
                    relocate_artifacts(destination.database_file)
            # Making a client opens the database, and its first look creates what is still missing there.
            self.client = MlflowClient(destination.uri, registry_uri=destination.uri)
            if destination.database_file is not None:
                self.client.search_experiments(max_results=1)
        self._experiments: dict[str, str] = {}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock that lets one process at a time write an SQLite store; nothing for other stores."""
        file = self.destination.database_file
        with _locked(file.with_suffix(".lock") if file is not None else None):
            yield

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Hold the lock that lets one process at a time open a database, which may create its tables."""
        is_database_server = not self.destination.is_server and self.destination.database_file is None
        with self.writing(), _locked(self.destination.folder / "opening.lock" if is_database_server else None):
            yield

    def find_run(self, run_id: str) -> Run | None:
        """The run, deleted ones included; None if the store has none of this id."""
        try:
            return self.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def ensure_run(self, header: dict[str, Any], parent_id: str | None) -> str:
        """Id of the run that a journal's header names; it is created if need be."""
        experiment_id = self.ensure_experiment(header["experiment"])
        run_id = self.find_by_key(experiment_id, header["key"])
        if run_id is not None:
            return run_id
        tags = {KEY_TAG: header["key"]} | ({"mlflow.parentRunId": parent_id} if parent_id else {})
        with self.writing():
            created = self.client.create_run(
                experiment_id, start_time=header["time"], tags=tags, run_name=header["name"]
            )
        # An earlier request, given up here, may have arrived all the same: then the first in order stays.
        return self.find_by_key(experiment_id, header["key"]) or created.info.run_id

    def find_by_key(self, experiment_id: str, key: str) -> str | None:
        """Id of the run with this key; doubles, which only a lost answer can leave, are deleted."""
        found: list[Run] = self.client.search_runs(
            [experiment_id],
            f"tags.`{KEY_TAG}` = '{key}'",
            ViewType.ALL,
            max_results=20,
            order_by=["start_time ASC"],
        )
        # The one that holds data is the real one; a double is always empty.
        found = sorted(found, key=lambda run: (-len(run.data.metrics) - len(run.data.params), run.info.run_id))
        for double in found[1:]:
            if double.info.lifecycle_stage == "active":
                with self.writing():
                    self.client.delete_run(double.info.run_id)
        return found[0].info.run_id if found else None

    def send_batch(
        self,
        run_id: str,
        metrics: list[tuple[str, float | str, int, int]],
        params: dict[str, str],
        tags: dict[str, str],
    ) -> None:
        """Send metrics (name, value, ms, step), params and tags in as few requests as MLflow allows."""
        points = [Metric(_name(name), decode_number(value), ms, step) for name, value, ms, step in metrics]
        settings = [Param(_name(name), _cut(value, _LONGEST_PARAM)) for name, value in params.items()]
        facts = [RunTag(_name(name), _cut(value, _LONGEST_TAG)) for name, value in tags.items()]
        while points or settings or facts:
            with self.writing():
                self.client.log_batch(run_id, points[:800], settings[:100], facts[:100], synchronous=True)
            del points[:800], settings[:100], facts[:100]

    def send_file(self, run_id: str, path: Path, folder: str) -> None:
        """Send one file as an artifact."""
        self.client.log_artifact(run_id, str(path), folder or None)

    def send_text(self, run_id: str, text: str, path: str) -> None:
        """Send a text as an artifact."""
        self.client.log_text(run_id, text, path)

    def send_dataset(self, run_id: str, record: dict[str, Any]) -> None:
        """Record which data a run used."""
        dataset = Dataset(
            name=record["name"],
            digest=record["digest"],
            source_type="local",
            source=json.dumps({"uri": record["source"]}),
            profile=json.dumps(record["profile"]),
        )
        with self.writing():
            self.client.log_inputs(
                run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", record["context"])])]
            )

    def send_model(self, run_id: str, folder: Path, record: dict[str, Any]) -> None:
        """Send a model that lies ready in ``folder``, and register it where the record says so."""
        from unsmear.tracking.registry import send_model

        send_model(self.client, self.writing, run_id, folder, record)

    def set_status(self, run_id: str, status: str, time: int | None = None) -> None:
        """End a run, or set it running again."""
        with self.writing():
            if status == "RUNNING":
                self.client.update_run(run_id, status=status)
            else:
                self.client.set_terminated(run_id, status, time)

    def ensure_experiment(self, name: str) -> str:
        """Id of the experiment of this name; created, or taken back from the deleted ones, if need be."""
        if name not in self._experiments:
            with self.writing():
                self._experiments[name] = self._find_or_create_experiment(name)
        return self._experiments[name]

    def _find_or_create_experiment(self, name: str) -> str:
        location = self.destination.artifact_location
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            try:
                return self.client.create_experiment(name, f"{location}/{name}" if location else None)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            experiment = self.client.get_experiment_by_name(name)  # another job was faster
            assert experiment is not None
        if experiment.lifecycle_stage == "deleted":
            self.client.restore_experiment(experiment.experiment_id)
        return experiment.experiment_id


@contextmanager
def _locked(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        lock_file(stream.fileno(), wait_s=None)
        yield


def _name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]


def _cut(value: str, longest: int) -> str:
    return value if len(value) <= longest else value[: longest - 1] + "…"
