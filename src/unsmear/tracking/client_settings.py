"""Settings of MLflow's client, which it takes from the environment."""

from __future__ import annotations

import logging
import os

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.destination import Destination
from unsmear.tracking.secrets import remember_secret


def set_environment(config: TrackingConfig, destination: Destination) -> None:
    """Have MLflow's client fail soon and leave repeating to us, who look first what has arrived."""
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


def quieten() -> None:
    """Leave it to one warning of ours to say what is wrong."""
    for name in ("mlflow", "alembic", "urllib3", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
