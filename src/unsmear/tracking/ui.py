"""Opening MLflow's user interface over the embedded store."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.journal import find_journals
from unsmear.tracking.sync import create_store


def open_ui(results: str | Path, port: int = 5000) -> None:
    """Become a web server for the embedded store of ``results``, on this machine alone; does not return.

    Raises
    ------
    ValueError
        If there is no store, or the port is taken.
    """
    store = Path(results).resolve() / "mlflow"
    if not (store / "mlflow.db").exists():
        if Path(results).is_dir() and find_journals(Path(results)):
            raise ValueError(
                f"{store / 'mlflow.db'} does not exist, but the journals of its runs do: "
                "`snakemake --cores 1 sync_tracking` makes it anew"
            )
        raise ValueError(f"no run is recorded in {results}; run `snakemake --cores all` first")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(
                f"port {port} cannot be used ({error.strerror}); another one: `make mlflow PORT={port + 1}`, "
                f"or `unsmear mlflow --port {port + 1}`"
            ) from None
    # A store of an older MLflow, or of a folder that has been moved since, is brought up to date.
    create_store(TrackingConfig(), Path(results))
    print(f"MLflow on http://127.0.0.1:{port} (Ctrl-C ends it)", flush=True)
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", f"sqlite:///{store / 'mlflow.db'}"]
    command += ["--default-artifact-root", (store / "artifacts").as_uri(), "--no-serve-artifacts"]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])
