"""Opening MLflow's user interface over the embedded store."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.journal import find_journals, lock_file


def open_ui(results: str | Path, port: int = 5000) -> None:
    """Become a web server for the embedded store of ``results``, on this machine alone; does not return.

    Raises
    ------
    ValueError
        If there is no store, or the port is taken.
    """
    config, root = TrackingConfig(), Path(results)
    store = config.resolve(root)
    assert store.database_file is not None
    if not store.database_file.exists():
        if root.is_dir() and find_journals(root):
            raise ValueError(
                f"{store.database_file} does not exist, but the journals of its runs do: "
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
    with (store.folder / "sending.lock").open("a") as stream:
        if lock_file(stream.fileno()):  # else a process sends to it, which has brought it up to date
            from unsmear.tracking.store import Store

            Store(config, store)
    print(f"MLflow on http://127.0.0.1:{port} (Ctrl-C ends it)", flush=True)
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store.uri]
    command += ["--default-artifact-root", str(store.artifact_location), "--no-serve-artifacts"]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"])
