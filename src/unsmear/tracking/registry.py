"""Sending a model that lies ready in a folder, once, and registering it as a version."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from unsmear.tracking.model import build_cascade_model
from unsmear.tracking.secrets import redact

TOKEN_TAG = "unsmear.token"


def send_model(
    client: MlflowClient,
    writing: Callable[[], AbstractContextManager[None]],
    run_id: str,
    folder: Path,
    record: dict[str, Any],
) -> None:
    """Send the model of one journal record.

    What a broken off attempt has left is found by the record's token and taken up again.

    Parameters
    ----------
    client : of the store
    writing : gives the lock that every change to the store needs
    run_id : run that made the model
    folder : what :func:`unsmear.tracking.model.prepare_cascade_model` wrote
    record : ``token``, ``name`` and ``register`` (a registered model's name or None)
    """
    experiment_id = client.get_run(run_id).info.experiment_id
    card = folder / "README.md"
    note = redact(card.read_text(encoding="utf-8")) if card.exists() else ""
    model = _find_model(client, experiment_id, record["token"])
    if model is None:
        tags = {TOKEN_TAG: record["token"], "mlflow.note.content": note[:8000]}
        with writing():
            model = client.create_logged_model(experiment_id, record["name"], run_id, tags)
    if model.status != LoggedModelStatus.READY:
        with tempfile.TemporaryDirectory() as temporary:
            copy = _stamp(folder, Path(temporary) / "model", model, run_id)
            client.log_model_artifacts(model.model_id, str(copy))
        with writing():
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
            client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    if record["register"]:
        with writing():
            _register(client, record["register"], record["token"], model, run_id, note)


def _find_model(client: MlflowClient, experiment_id: str, token: str) -> LoggedModel | None:
    found = client.search_logged_models([experiment_id], f"tags.`{TOKEN_TAG}` = '{token}'", max_results=1)
    return found[0] if found else None


def _stamp(folder: Path, copy: Path, model: LoggedModel, run_id: str) -> Path:
    """Build the model and write the ids into it that it has only now."""
    build_cascade_model(folder, copy)
    description = Model.load(str(copy))
    description.model_id = description.model_uuid = model.model_id
    description.run_id = run_id
    description.artifact_path = model.artifact_location
    description.save(str(copy / "MLmodel"))
    return copy


def _register(client: MlflowClient, name: str, token: str, model: LoggedModel, run_id: str, note: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
            raise
    versions = client.search_model_versions(f"name = '{name}' and tag.`{TOKEN_TAG}` = '{token}'")
    if not versions:
        with _default_store(client.tracking_uri):
            client.create_model_version(
                name,
                source=f"models:/{model.model_id}",
                run_id=run_id,
                tags={TOKEN_TAG: token},
                description=note[:5000] or None,
                model_id=model.model_id,
            )


@contextmanager
def _default_store(uri: str) -> Iterator[None]:
    """MLflow looks ``models:/`` sources up in its default store, whatever store the client has."""
    before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]
