"""A server on loopback that speaks as much of the Hugging Face hub's API as an upload and a download need."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class LoopbackHub:
    """Files of its one repository, and what was asked of it with which token."""

    files: dict[str, bytes] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    @property
    def commit(self) -> str:
        """Another one for other files."""
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()

    def listing(self) -> dict[str, Any]:
        """What the API tells of the repository; ``told`` overrides it for a file."""
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130},
            }
            | self.told.get(name, {})
            for name, content in self.files.items()
        ]
        return {"id": "user/name", "modelId": "user/name", "sha": self.commit, "siblings": siblings}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        hub, url = self.server.hub, urllib.parse.urlsplit(self.path)
        hub.asked.append((url.path, self.headers.get("Authorization")))
        if url.path.startswith("/api/models/user/name"):
            revision = url.path.rpartition("/")[2]
            if revision in ("name", "main", hub.commit):
                return self._send(200, json.dumps(hub.listing()).encode())
        file = url.path.rpartition("/")[2]
        if url.path == f"/user/name/resolve/{hub.commit}/{file}" and file in hub.files:
            # The hub hands over to its storage, which is another host.
            where = f"http://localhost:{self.server.server_address[1]}/storage/{file}?signature=SECRET"
            return self._send(302, b"", {"Location": where})
        if url.path == f"/storage/{file}" and file in hub.files:
            return self._send(200, hub.files[file])
        return self._send(404, b"{}")

    def do_POST(self) -> None:
        hub = self.server.hub
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        hub.asked.append((self.path, self.headers.get("Authorization")))
        answer: dict[str, Any] = {"warnings": [], "errors": []}
        if "/preupload/" in self.path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            answer = {"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]}
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            answer = {"success": True, "commitOid": hub.commit, "commitUrl": f"{hub.url}/user/name/commit/{hub.commit}"}
        return self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: LoopbackHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub


@contextmanager
def serve_hub(files: dict[str, bytes]) -> Iterator[LoopbackHub]:
    """The hub with one repository, ``user/name``, for as long as the block lasts."""
    hub = LoopbackHub(dict(files))
    server = _Server(hub)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
