"""A real tracking server as a process, a proxy that damages requests, and the comparison with a journal."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOST = "mlflow.example.org"  # the name of the server among its clients
Row = tuple[str, int, int, str]  # metric, step, ms, value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """``mlflow server`` on the loopback interface, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.database = folder / "server.db"
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", f"sqlite:///{self.database}", "--workers", "1"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        command += ["--allowed-hosts", f"{HOST},{HOST}:*,localhost:*,127.0.0.1:*"]  # as docs/tracking.md says
        environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
        environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # starts in half the time
        environment.pop("MLFLOW_TRACKING_URI", None)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        for _ in range(3000):
            if self._process.poll() is not None:
                break
            if self._answers():
                return self
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End the server and its workers as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False


class FaultProxy:
    """Passes requests on to a server; a seeded schedule says which of them go wrong, and how."""

    FAULTS = ("drop request", "drop answer", "500 before", "500 after", "delay", "cut answer")

    def __init__(self, target_port: int, seed: int, fault_rate: float, delay_s: float) -> None:
        self.counts: Counter[str] = Counter()
        self.required_header: str | None = None
        self.host: str | None = None  # by which clients address the server; None leaves theirs
        chance, lock = random.Random(seed), threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self._read_body()
                with lock:
                    fault = chance.choice(FaultProxy.FAULTS) if chance.random() < fault_rate else "none"
                    proxy.counts[fault] += 1
                if proxy.required_header not in (None, self.headers.get("Authorization")):
                    return self._answer(401, b"credentials, please", "text/plain")
                if fault == "drop request":
                    return self._drop()
                if fault == "500 before":
                    return self._answer(500, b"broken", "text/plain")
                if fault == "delay":
                    time.sleep(delay_s)
                backend = http.client.HTTPConnection("127.0.0.1", target_port, timeout=60)
                try:
                    headers = {name: value for name, value in self.headers.items() if name != "Transfer-Encoding"}
                    headers["Host"] = proxy.host or headers["Host"]
                    backend.request(self.command, self.path, body, headers)
                    answer = backend.getresponse()
                    content = answer.read()
                except OSError:
                    return self._drop()
                if fault == "drop answer":
                    return self._drop()
                if fault == "500 after":
                    return self._answer(500, b"broken", "text/plain")
                kind = answer.headers.get("Content-Type", "application/json")
                return self._answer(answer.status, content, kind, cut=fault == "cut answer")

            def _read_body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def _answer(self, status: int, content: bytes, kind: str, cut: bool = False) -> None:
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content[: len(content) // 2] if cut else content)
                    if cut:
                        self._drop()
                except OSError:
                    self._drop()

            def _drop(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

            def log_message(self, *arguments: Any) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def rows_of_journal(path: Path) -> Counter[Row]:
    """Every number in a journal, as it should stand in a store; read here without the package's own reader."""
    rows: Counter[Row] = Counter()
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["kind"] == "metrics":
            for name, value in record["values"].items():
                rows[name, record["step"], record["time"], _as_stored(value)] += 1
    return rows


def rows_of_store(database: Path, run_id: str) -> Counter[Row]:
    """Every metric row of a run, from the store's own tables."""
    with sqlite3.connect(database) as connection:
        found = connection.execute(
            "select key, step, timestamp, value, is_nan from metrics where run_uuid = ?", (run_id,)
        ).fetchall()
    return Counter((key, step, ms, "nan" if is_nan else repr(value)) for key, step, ms, value, is_nan in found)


def facts_of_journal(directory: Path) -> dict[str, Any]:
    """Everything else that the journal in ``directory`` says, as it should stand in a store."""
    facts: dict[str, Any] = {"params": {}, "tags": {}, "datasets": Counter(), "files": {}, "models": Counter()}
    for record in map(json.loads, (directory / "run.jsonl").read_text().splitlines()):
        match record["kind"]:
            case "params" | "tags":
                facts[record["kind"]] |= record["values"]
            case "dataset":
                facts["datasets"][record["name"], record["digest"]] += 1
            case "artifact":
                content = (directory / "run.files" / record["path"]).read_bytes()
                facts["files"][record["path"]] = hashlib.sha256(content).hexdigest()
            case "model":
                facts["models"][record["token"], "READY"] += 1
    return facts


def facts_of_store(database: Path, artifacts: Path, run_id: str) -> dict[str, Any]:
    """The same of a run in a store, from its tables and its files."""
    with sqlite3.connect(database) as connection:
        params = connection.execute("select key, value from params where run_uuid = ?", (run_id,)).fetchall()
        tags = connection.execute("select key, value from tags where run_uuid = ?", (run_id,)).fetchall()
        datasets = connection.execute(
            "select name, digest from datasets join inputs on source_id = dataset_uuid where destination_id = ?",
            (run_id,),
        ).fetchall()
        models = connection.execute(
            "select tag_value, status from logged_models join logged_model_tags using (model_id) "
            "where source_run_id = ? and tag_key = 'unsmear.token' and lifecycle_stage = 'active'",
            (run_id,),
        ).fetchall()
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in artifacts.rglob(f"{run_id}/artifacts")
        for path in folder.rglob("*")
        if path.is_file()
    }
    ours = {name: value for name, value in tags if name not in ("unsmear.id", "unsmear.key", "mlflow.runName")}
    states = Counter((token, {1: "PENDING", 2: "READY"}.get(status, status)) for token, status in models)
    return {"params": dict(params), "tags": ours, "datasets": Counter(datasets), "files": files, "models": states}


def runs_of_store(database: Path, name: str) -> list[tuple[str, str]]:
    """(id, status) of the runs of this name that are not deleted."""
    with sqlite3.connect(database) as connection:
        return connection.execute(
            "select run_uuid, status from runs where name = ? and lifecycle_stage = 'active'", (name,)
        ).fetchall()


def _as_stored(value: float | str) -> str:
    # MLflow's database holds the largest float in place of an infinity.
    words = {"NaN": "nan", "Infinity": repr(sys.float_info.max), "-Infinity": repr(-sys.float_info.max)}
    return words[value] if isinstance(value, str) else repr(float(value))
