"""What the `tracking` section of the configuration may say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator

from unsmear.tracking.secrets import expand_variables, public_uri, split_credentials

EMBEDDED = "embedded"

_SCHEMES = ("http://", "https://", "sqlite:///", "postgresql", "mysql", "mssql")


class TrackingConfig(BaseModel):
    """Where and how runs are recorded in MLflow."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    enabled: bool = Field(True, description="false: nothing is recorded and mlflow is never imported.")
    uri: str | None = Field(
        None,
        repr=False,
        description="null: embedded SQLite store results/mlflow/mlflow.db with artifacts beside it. Else a "
        "tracking server (http:// or https://) or a database (postgresql://, mysql://, sqlite:///). ${NAME} "
        "is taken from the environment, so that no password needs to stand here. A server's credentials are "
        "best given as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
    )
    artifact_location: str | None = Field(
        None,
        repr=False,
        description="Where a new experiment keeps its artifacts when `uri` is a database, for example s3://bucket/"
        "unsmear; null: results/mlflow/artifacts. A server decides by itself (--artifacts-destination).",
    )
    experiment: str | None = Field(None, description="Name of the experiment; null: the configuration's name.")
    send: Literal["background", "end", "later"] = Field(
        "background",
        description="background: a second process of low priority sends while the workflow runs; end: when the "
        "workflow ends; later: `snakemake sync_tracking` sends.",
    )
    interval_s: float = Field(5.0, gt=0, description="Time between two looks at the journals, in seconds.")
    finish_wait_s: float = Field(
        30.0,
        ge=0,
        description="How long the end of a workflow waits for unsent records at most, in seconds; four "
        "times as long for an SQLite store, which is never away.",
    )
    timeout_s: int = Field(10, ge=1, le=600, description="Time limit of one request to a server, in seconds.")
    upload_timeout_s: int = Field(300, ge=1, description="Time limit of one artifact's transfer, in seconds.")
    system_metrics: bool = Field(True, description="Record use of CPU, memory and GPU while a job runs.")
    system_metrics_interval_s: float = Field(
        10.0, ge=0.1, description="Time between two records of system metrics, in seconds."
    )
    register_models: bool = Field(
        True, description="Register the evaluated cascade as a version of the model unsmear-{system}."
    )

    @field_validator("uri")
    @classmethod
    def _check_uri(cls, uri: str | None) -> str | None:
        # The value may hold a password, so the message does not repeat it.
        if uri is not None and not uri.startswith((*_SCHEMES, "${")):
            raise ValueError(
                f"tracking.uri must begin with one of {', '.join(_SCHEMES)} (or a ${{NAME}} that holds all "
                "of it); leave it null for the embedded store"
            )
        return uri

    @property
    def patience_s(self) -> float:
        """How long the end of a workflow waits; an SQLite store is never away, only slow on busy cores."""
        is_file = self.uri is None or self.uri.startswith("sqlite")
        return (4 if is_file else 1) * self.finish_wait_s

    def resolve(self, root: Path) -> Destination:
        """Store that records go to; ``root`` is the results folder.

        Raises
        ------
        ValueError
            If the URI uses an environment variable that is not set, or a server's has a query.
        """
        folder = root.resolve() / "mlflow"
        location = self.artifact_location or (folder / "artifacts").as_uri()
        if self.uri is None:
            file = folder / "mlflow.db"
            return Destination(sqlite_uri(file), EMBEDDED, folder, file, artifact_location=location)
        uri = expand_variables(self.uri)
        public = public_uri(uri)
        if not uri.startswith(("http://", "https://")):
            database = Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None
            return Destination(uri, public, folder, database, artifact_location=location)
        clean, username, password = split_credentials(uri)
        if "?" in clean:
            raise ValueError(
                f"tracking.uri {public}?... has a query, which a tracking server does not take; give credentials as "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
            )
        return Destination(clean.rstrip("/"), public.rstrip("/"), folder, None, username, password)


@dataclass(frozen=True)
class Destination:
    """Address of a store."""

    uri: str = field(repr=False)  # what mlflow is given: with credentials for a database, without for a server
    public: str  # what may be shown and compared
    folder: Path  # results/mlflow: the embedded store, what has been sent
    database_file: Path | None  # of an SQLite store
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    artifact_location: str | None = field(default=None, repr=False)

    @property
    def is_there(self) -> bool:
        """False where the files of a store on this machine have been lost."""
        artifacts = self.folder / "artifacts" if self.public == EMBEDDED else None
        return all(path is None or path.exists() for path in (self.database_file, artifacts))


def sqlite_uri(path: Path) -> str:
    """Address of an SQLite file, of which ``?``, ``#`` and ``%`` may be parts."""
    quoted = quote(str(path))
    return f"sqlite:///{path}" if quoted == str(path) else f"sqlite:///file:{quoted}?uri=true"
