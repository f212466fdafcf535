"""HTTP as downloads need it: ranges of one unchanged file, and errors sorted by what helps."""

from __future__ import annotations

import os
import re
import urllib.parse
from dataclasses import dataclass

import requests
import urllib3

from unsmear.frames.messages import describe

RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}
NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class FetchError(ValueError):
    """This mirror cannot give the file; trying again would not help."""


class TransientError(Exception):
    """The attempt failed and another may succeed, after ``wait_s`` seconds if the server named a time."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChangedError(Exception):
    """The file on the server is not the one that the download began with."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server, as the first answer describes it."""

    url: str
    size: int | None
    validator: str | None
    has_ranges: bool


def open_session(url: str, connections: int = 1) -> requests.Session:
    """A session for a mirror, with its token and the proxies from the environment.

    `UNSMEAR_TOKEN` goes to any mirror, `HF_TOKEN` to https://huggingface.co alone. A redirect to another
    host loses the token.
    """
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "unsmear"})
    token = os.environ.get("UNSMEAR_TOKEN")
    if not token and urllib.parse.urlsplit(url)[:2] == ("https", "huggingface.co"):
        token = os.environ.get("HF_TOKEN")
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def request(session: requests.Session, url: str, timeout_s: float, headers: dict[str, str]) -> requests.Response:
    """GET with a streamed body; answers are 200 or 206, the rest is raised.

    Raises
    ------
    TransientError
        For time-outs, cut connections and statuses such as 429 and 503, with the server's Retry-After.
    ChangedError
        For 416: the range lies outside, so this is another file.
    FetchError
        For any other status.
    """
    try:
        response = session.get(url, headers=headers, stream=True, timeout=timeout_s)
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
        raise FetchError("the URL cannot be used") from None
    except requests.exceptions.TooManyRedirects:
        raise FetchError("the server redirects in a circle") from None
    except NETWORK_ERRORS as error:
        raise TransientError(describe(error)) from None
    status = response.status_code
    if status in (200, 206):
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise FetchError("the server packs its answers, which byte ranges do not allow")
        return response
    response.close()
    if status in RETRIED_STATUS:
        raise TransientError(f"the server answered {status}", _retry_after(response))
    if status == 416:
        raise ChangedError
    hint = {
        401: "; a token is needed, set UNSMEAR_TOKEN (or HF_TOKEN for huggingface.co)",
        403: "; access is refused, check the token in UNSMEAR_TOKEN or HF_TOKEN",
        404: "; there is no such file",
    }
    raise FetchError(f"the server answered {status}{hint.get(status, '')}")


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After")
    try:
        return urllib3.util.Retry().parse_retry_after(value) if value else None
    except urllib3.exceptions.InvalidHeader:
        return None


def probe(session: requests.Session, url: str, timeout_s: float, magic: bytes) -> RemoteFile:
    """Ask for the first bytes: size, validator, whether ranges work, and whether it is the right kind.

    Raises
    ------
    FetchError
        If the file does not begin with ``magic``, for example where a web page came.
    TransientError
        See `request`.
    """
    try:
        response = request(session, url, timeout_s, {"Range": f"bytes=0-{len(magic) - 1}"})
    except ChangedError:
        raise FetchError("the file is empty there") from None
    with response:
        _, last, total = content_range(response)
        has_ranges = total is not None and last == len(magic) - 1
        length = response.headers.get("Content-Length", "")
        size = total if has_ranges else (int(length) if length.isdigit() else None)
        head = b""
        try:
            while len(head) < len(magic) and (block := response.raw.read(len(magic) - len(head))):
                head += block
        except NETWORK_ERRORS as error:
            raise TransientError(describe(error)) from None
        if is_web_page(response) or head[:1] == b"<":
            raise FetchError("a web page came instead of the file")
        if len(head) < len(magic) and (size is None or size >= len(magic)):
            raise TransientError("the answer was cut")
        if head != magic:
            raise FetchError("what came is no zip")
        return RemoteFile(url, size, validator_of(response), has_ranges)


def is_web_page(response: requests.Response) -> bool:
    """Whether the answer says that it is HTML."""
    return response.headers.get("Content-Type", "").lower().startswith("text/html")


def validator_of(response: requests.Response) -> str | None:
    """A strong ETag, else Last-Modified, else None: what `If-Range` may carry."""
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def content_range(response: requests.Response) -> tuple[int | None, int | None, int | None]:
    """(first, last, total) of a 206 answer, each None elsewhere."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if response.status_code != 206 or match is None:
        return None, None, None
    return int(match[1]), int(match[2]), int(match[3])


def open_range(
    session: requests.Session, remote: RemoteFile, first: int, last: int, timeout_s: float
) -> requests.Response:
    """The answer whose body starts at byte ``first`` of the very file that ``remote`` describes.

    Raises
    ------
    ChangedError
        If the server now has another file.
    TransientError
        If the answer is not the range that was asked for; see also `request`.
    """
    headers = {"Range": f"bytes={first}-{last}"}
    if remote.validator is not None:
        headers["If-Range"] = remote.validator
    response = request(session, remote.url, timeout_s, headers)
    try:
        if is_web_page(response):
            raise TransientError("a web page came instead of the file")
        if remote.validator is not None and validator_of(response) not in (None, remote.validator):
            raise ChangedError
        start, _, total = content_range(response)
        if total is not None and total != remote.size:
            raise ChangedError
        if start != first:
            raise TransientError("the server ignored the range that was asked for")
    except BaseException:
        response.close()
        raise
    return response
