"""Sending a model that lies ready in a folder, once, and registering it as a version."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from unsmear.tracking.model import build_cascade_model
from unsmear.tracking.retry import try_often
from unsmear.tracking.secrets import redact

TOKEN_TAG = "unsmear.token"
_ATTEMPTS = 5  # for one file


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
    model = _find_model(client, writing, experiment_id, record["token"])
    if model is None:
        tags = {TOKEN_TAG: record["token"], "mlflow.note.content": note[:8000]}
        with writing():
            client.create_logged_model(experiment_id, record["name"], run_id, tags)
        model = _find_model(client, writing, experiment_id, record["token"])
        assert model is not None
    built = folder / "built" / model.model_id
    if model.status != LoggedModelStatus.READY:
        _build(folder, built, model, run_id)
        _upload(client, model.model_id, built)
        with writing():
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
            client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    shutil.rmtree(built.parent, ignore_errors=True)
    if record["register"]:
        with writing():
            _register(client, record["register"], record["token"], model, run_id, note)


def _find_model(
    client: MlflowClient, writing: Callable[[], AbstractContextManager[None]], experiment_id: str, token: str
) -> LoggedModel | None:
    """The model with this token; doubles, which only a lost answer can leave, are deleted."""
    found = client.search_logged_models([experiment_id], f"tags.`{TOKEN_TAG}` = '{token}'")
    # The whole one stays, else the first: files may be in it already.
    ranked = sorted(found, key=lambda m: (m.status != LoggedModelStatus.READY, m.creation_timestamp, m.model_id))
    for double in ranked[1:]:
        with writing():
            client.delete_logged_model(double.model_id)
    return ranked[0] if ranked else None


def _build(folder: Path, built: Path, model: LoggedModel, run_id: str) -> None:
    """Build the model once, with the ids in it that it has only now, for all attempts to send it."""
    if built.exists():
        return
    unfinished = built.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(exist_ok=True)
    build_cascade_model(folder, unfinished)
    description = Model.load(str(unfinished))
    description.model_id = description.model_uuid = model.model_id
    description.run_id = run_id
    description.artifact_path = model.artifact_location
    description.save(str(unfinished / "MLmodel"))
    unfinished.rename(built)


def _upload(client: MlflowClient, model_id: str, built: Path) -> None:
    """Send file by file and note each one that has arrived, so that a broken line costs one file, not all."""
    note = built.with_suffix(".arrived")
    arrived = set(note.read_text(encoding="utf-8").splitlines()) if note.exists() else set()
    with note.open("a", encoding="utf-8") as stream:
        for path in sorted(path for path in built.rglob("*") if path.is_file()):
            name = path.relative_to(built).as_posix()
            if name in arrived:
                continue
            place = None if path.parent == built else path.parent.relative_to(built).as_posix()
            send = partial(client.log_model_artifact, model_id, str(path), place)
            try_often(send, _ATTEMPTS, longest=2.0)
            print(name, file=stream, flush=True)


def _register(client: MlflowClient, name: str, token: str, model: LoggedModel, run_id: str, note: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
            raise
    versions = client.search_model_versions(f"name = '{name}' and tag.`{TOKEN_TAG}` = '{token}'")
    for double in sorted(versions, key=lambda version: int(version.version))[1:]:
        client.delete_model_version(name, double.version)
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
