"""Building a cascade's MLflow model from what its job has left, and sending it to a store."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

_TOKEN_TAG = "unsmear.token"
_ATTEMPTS = 5  # for one file


def send_model(client: MlflowClient, run_id: str, folder: Path, record: Mapping[str, Any], register: bool) -> None:
    """Build the model that a run has recorded, send it, and register it if asked to.

    What a broken off attempt has left is found by the record's token and taken up again.

    Parameters
    ----------
    folder : what :func:`unsmear.tracking.model.log_cascade_model` has left
    record : ``token`` and ``name``
    """
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    experiment_id = client.get_run(run_id).info.experiment_id
    card = (folder / "README.md").read_text(encoding="utf-8")
    model = _find_model(client, experiment_id, record["token"])
    if model is None:
        tags = {_TOKEN_TAG: record["token"], "mlflow.note.content": card[:8000]}
        client.create_logged_model(experiment_id, record["name"], run_id, tags)
        model = _find_model(client, experiment_id, record["token"])
        assert model is not None
    if model.status != LoggedModelStatus.READY:
        _send_files(client, model.model_id, _build(folder, model, run_id))
        outputs = client.get_run(run_id).outputs
        if model.model_id not in [output.model_id for output in (outputs.model_outputs if outputs else ())]:
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])  # MLflow refuses it twice
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    shutil.rmtree(folder / "built", ignore_errors=True)
    if register:
        _register(client, record["name"], record["token"], model.model_id, run_id, card)


def _find_model(client: MlflowClient, experiment_id: str, token: str) -> LoggedModel | None:
    """The model with this token; doubles, which only a lost answer can leave, are deleted."""
    from mlflow.entities import LoggedModelStatus

    found = client.search_logged_models([experiment_id], f"tags.`{_TOKEN_TAG}` = '{token}'")
    # The whole one stays, else the first: files may be in it already.
    ranked = sorted(found, key=lambda m: (m.status != LoggedModelStatus.READY, m.creation_timestamp, m.model_id))
    for double in ranked[1:]:
        client.delete_logged_model(double.model_id)
    return ranked[0] if ranked else None


def _build(folder: Path, model: LoggedModel, run_id: str) -> Path:
    """Build the model once, with the ids in it that it has only now, for all attempts to send it."""
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    built = folder / "built" / model.model_id
    if built.exists():
        return built
    new = built.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(exist_ok=True)
    pictures = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, 3))
    frames = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, -1, 3))
    mlflow.pyfunc.save_model(
        str(new),
        loader_module="unsmear.tracking.model",
        data_path=str(folder / "weights"),
        code_paths=[str(folder / "code" / "unsmear")],
        signature=ModelSignature(Schema([pictures]), Schema([frames])),
        pip_requirements=(folder / "requirements.txt").read_text(encoding="utf-8").split(),
        input_example=np.load(folder / "example.npy"),
    )
    for cache in sorted(new.rglob("__pycache__")):
        shutil.rmtree(cache)
    shutil.copyfile(folder / "README.md", new / "README.md")
    description = Model.load(str(new))
    description.model_id = description.model_uuid = model.model_id
    description.run_id, description.artifact_path = run_id, model.artifact_location
    description.save(str(new / "MLmodel"))
    new.rename(built)
    return built


def _send_files(client: MlflowClient, model_id: str, built: Path) -> None:
    """Send file by file and remove each one that has arrived, so that a broken line costs one file, not all."""
    for path in sorted(path for path in built.rglob("*") if path.is_file()):
        place = None if path.parent == built else path.parent.relative_to(built).as_posix()
        for attempt in range(_ATTEMPTS):
            try:
                client.log_model_artifact(model_id, str(path), place)
                break
            except Exception:
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.2 * 2**attempt)
        path.unlink()


def _register(client: MlflowClient, name: str, token: str, model_id: str, run_id: str, card: str) -> None:
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
            raise
    versions = client.search_model_versions(f"name = '{name}' and tag.`{_TOKEN_TAG}` = '{token}'")
    for double in sorted(versions, key=lambda version: int(version.version))[1:]:
        client.delete_model_version(name, double.version)
    if not versions:
        # MLflow looks `models:/` sources up in its default store, whatever store the client has.
        mlflow.set_tracking_uri(client.tracking_uri)
        source, tags = f"models:/{model_id}", {_TOKEN_TAG: token}
        client.create_model_version(name, source, run_id, tags, description=card[:5000] or None, model_id=model_id)
