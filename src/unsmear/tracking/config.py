"""What the `tracking` section of the configuration may say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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
        description="background: a second process of low priority sends while the job runs; end: everything "
        "is sent when the job ends; later: jobs write their journals only and `snakemake sync_tracking` "
        "sends them. On a cluster, or a network file system, an SQLite store is filled when the workflow ends.",
    )
    interval_s: float = Field(5.0, gt=0, description="Time between two looks at the journal, in seconds.")
    finish_wait_s: float = Field(
        30.0,
        ge=0,
        description="How long the end of a job waits for unsent records at most, in seconds; four "
        "times as long for an embedded store, which is never away.",
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
