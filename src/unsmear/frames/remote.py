"""One file on a server, read by byte ranges for as long as it stays the same."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import requests

from unsmear.frames.archives_config import RedsConfig
from unsmear.http import ChangedError, FetchError, TransientError, read_some, request
from unsmear.retry import Backoff

BLOCK_BYTES = 2**18
MAX_RANGE_BYTES = 2**29
ZIP_START = b"PK"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server, as the first answer describes it.

    ``validator`` is what `If-Range` may carry; ``sha256`` is what the Hugging Face hub knows of its files.
    """

    session: requests.Session
    url: str
    config: RedsConfig
    size: int | None
    validator: str | None
    has_ranges: bool
    sha256: str | None = None

    @classmethod
    def find(cls, session: requests.Session, url: str, config: RedsConfig) -> RemoteFile:
        """Ask for the first bytes: size, validator, whether ranges work, and whether it is a zip.

        Raises
        ------
        FetchError
            If the file does not begin as a zip does, for example where a web page came.
        """
        return Backoff(config.retries, config.max_wait_s).call(lambda: cls._probe(session, url, config))

    @classmethod
    def _probe(cls, session: requests.Session, url: str, config: RedsConfig) -> RemoteFile:
        try:
            response = request(session, url, config.timeout_s, {"Range": f"bytes=0-{len(ZIP_START) - 1}"})
        except ChangedError:
            raise FetchError("the file is empty there") from None
        with response:
            _, last, total = _content_range(response)
            has_ranges = total is not None and last == len(ZIP_START) - 1
            length = response.headers.get("Content-Length", "")
            size = total if has_ranges else (int(length) if length.isdigit() else None)
            head = b""
            while len(head) < len(ZIP_START) and (block := read_some(response, len(ZIP_START) - len(head))):
                head += block
            if _is_web_page(response) or head[:1] == b"<":
                raise FetchError("a web page came instead of the file")
            if len(head) < len(ZIP_START) and (size is None or size >= len(ZIP_START)):
                raise TransientError("the answer was cut")
            if head != ZIP_START:
                raise FetchError("what came is no zip")
            # The hub sends on to its storage, and tells the file's SHA-256 on the way.
            told = [_SHA256.fullmatch(each.headers.get("X-Linked-ETag", "")) for each in [response, *response.history]]
            sha256 = next((match[1] for match in told if match), None)
            return cls(session, url, config, size, _validator_of(response), has_ranges, sha256)

    def backoff(self, stop: threading.Event | None = None) -> Backoff:
        """A fresh count of failures."""
        return Backoff(self.config.retries, self.config.max_wait_s, stop)

    def blocks(self, first: int, end: int, stop: threading.Event | None = None) -> Iterator[bytes]:
        """Bytes ``first`` to ``end - 1`` as they come, asked for again from where an answer was cut.

        Raises
        ------
        ChangedError
            If the server now has another file.
        FetchError
            If the server does not give them.
        """
        backoff = self.backoff(stop)
        while first < end:
            try:
                with self._open_range(first, end - 1) as response:
                    while first < end:
                        data = read_some(response, min(end - first, BLOCK_BYTES))
                        if not data:
                            raise TransientError("the connection was cut")
                        first += len(data)
                        backoff.succeeded()
                        yield data
            except TransientError as error:
                backoff.failed(error)

    def _open_range(self, first: int, last: int) -> requests.Response:
        """The answer whose body starts at byte ``first`` of this very file."""
        headers = {"Range": f"bytes={first}-{last}"}
        if self.validator is not None:
            headers["If-Range"] = self.validator
        response = request(self.session, self.url, self.config.timeout_s, headers)
        try:
            if _is_web_page(response):
                raise TransientError("a web page came instead of the file")
            if self.validator is not None and _validator_of(response) not in (None, self.validator):
                raise ChangedError
            start, _, total = _content_range(response)
            if total is not None and total != self.size:
                raise ChangedError
            if start != first:
                raise TransientError("the server ignored the range that was asked for")
        except BaseException:
            response.close()
            raise
        return response


def _is_web_page(response: requests.Response) -> bool:
    return response.headers.get("Content-Type", "").lower().startswith("text/html")


def _validator_of(response: requests.Response) -> str | None:
    """A strong ETag, else Last-Modified, else None."""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _content_range(response: requests.Response) -> tuple[int | None, int | None, int | None]:
    """(first, last, total) of a 206 answer, each None elsewhere."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if response.status_code != 206 or match is None:
        return None, None, None
    return int(match[1]), int(match[2]), int(match[3])
