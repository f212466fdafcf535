"""A real HTTP server on loopback that serves files, also as the Hugging Face hub does, with faults on demand."""

from __future__ import annotations

import hashlib
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Below this path the server answers as the hub: with what it knows of the file, and the way to its storage.
HUB = "datasets/snah/REDS_orig/resolve/main/"
_HUB = re.compile(r"/datasets/[^/]+/[^/]+/resolve/[^/]+(/[^/]+)")
HTML = b"<!DOCTYPE html><html><body>Too busy, come again.</body></html>"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer; ``value`` is a byte count, a status or seconds."""

    kind: str
    value: float = 0
    retry_after: str | None = None


@dataclass
class Request:
    """What a client asked for, and how many bytes of the body it got."""

    path: str
    headers: dict[str, str]
    sent: int = 0


@dataclass
class FaultServer:
    """Files by path, and what goes wrong: ``choose(number of the request, path)`` names the fault."""

    files: dict[str, bytes]
    choose: Callable[[int, str], Fault | None] = lambda number, path: None
    has_ranges: bool = True
    chunked: bool = False  # whole answers come without a length
    validator: str = "etag"  # etag, weak, date or none
    required_token: str | None = None
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sent(self) -> int:
        """Body bytes sent so far."""
        return sum(request.sent for request in self.requests)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        owner = self.server.owner
        path = urllib.parse.urlsplit(self.path).path
        request = Request(self.path, dict(self.headers))
        with owner.lock:
            number = len(owner.requests)
            owner.requests.append(request)
            fault = owner.choose(number, path)
        try:
            self._answer(owner, path, request, fault)
        except OSError:
            self.close_connection = True

    def _answer(self, owner: FaultServer, path: str, request: Request, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if kind == "stall":
            time.sleep(fault.value)
        if kind == "status":
            extra = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            return self._send(int(fault.value), b"no", extra, request)
        if kind == "html":
            return self._send(200, HTML, {"Content-Type": "text/html; charset=utf-8"}, request)
        allowed = owner.required_token is None or path.startswith("/cdn/")
        if not allowed and self.headers.get("Authorization") != f"Bearer {owner.required_token}":
            return self._send(401, b"", {}, request)
        hub = _HUB.fullmatch(path)
        path = hub[1] if hub else path
        if hub and path not in owner.files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, request)
        if (kind == "redirect" or hub) and not path.startswith("/cdn/"):
            port = self.server.server_address[1]
            # Another host name for the same server, as a host that hands over to its storage.
            headers = {"Location": f"http://localhost:{port}/cdn{path}?signature=SIGNATURE-SECRET"}
            if hub:
                headers["X-Repo-Commit"] = "0123456789abcdef" * 2 + "01234567"
                headers["X-Linked-Size"] = str(len(owner.files[path]))
                headers["X-Linked-ETag"] = f'"{hashlib.sha256(owner.files[path]).hexdigest()}"'
            return self._send(302, b"", headers, request)
        path = path.removeprefix("/cdn")
        if path not in owner.files:
            return self._send(404, b"", {}, request)
        body, headers, status = owner.files[path], {"Content-Type": "application/zip"}, 200
        etag = hashlib.sha256(body).hexdigest()[:16] if len(body) < 10**8 else str(len(body))
        if owner.validator == "etag":
            headers["ETag"] = f'"{etag}"'
        elif owner.validator == "weak":
            headers["ETag"] = f'W/"{etag}"'
        elif owner.validator == "date":
            headers["Last-Modified"] = f"Wed, 01 Jan 2020 00:00:{int(etag[:4], 16) % 60:02d} GMT"
        wanted = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        same = condition is None or condition in (headers.get("ETag"), headers.get("Last-Modified"))
        if wanted and owner.has_ranges and kind != "no_range" and same:
            first_text, _, last_text = wanted.removeprefix("bytes=").partition("-")
            if not first_text:
                first, last = max(0, len(body) - int(last_text)), len(body) - 1
            else:
                first, last = int(first_text), min(int(last_text or len(body) - 1), len(body) - 1)
            if first >= len(body):
                return self._send(416, b"", {"Content-Range": f"bytes */{len(body)}"}, request)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            if kind == "wrong_total":
                headers["Content-Range"] = f"bytes {first}-{last}/{len(body) - int(fault.value)}"
            body, status = body[first : last + 1], 206
        if kind == "corrupt" and body:
            place = int(fault.value) % len(body)
            body = body[:place] + bytes([body[place] ^ 0x55]) + body[place + 1 :]
        return self._send(status, body, headers, request, fault)

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], request: Request, fault: Fault | None = None
    ) -> None:
        kind = fault.kind if fault else ""
        length = len(body)
        if kind == "wrong_length":  # says more (or less) than it sends
            length = max(1, length + int(fault.value))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked = self.server.owner.chunked and status == 200
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        step, pause = 1 << 16, 0.0
        if kind == "cut":
            body = body[: int(fault.value) % max(1, len(body))]
        if kind == "trickle":
            step, pause = max(1, len(body) // 8), fault.value
        for start in range(0, len(body), step):
            block = body[start : start + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            self.wfile.flush()
            request.sent += len(block)
            if pause:
                time.sleep(pause)
        if chunked and kind != "cut":
            self.wfile.write(b"0\r\n\r\n")
        if kind in ("cut", "wrong_length"):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: FaultServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is expected here."""


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[FaultServer]:
    """A running server on 127.0.0.1 for ``files``, by path."""
    owner = FaultServer(files)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.owner = owner
    owner.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield owner
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
