"""HTTP as downloads need it: one client, and errors sorted by what helps.

Messages are made from the kind of an error, never from its text: texts hold URLs, and URLs hold passwords, tokens and,
behind a redirect, signatures.
"""

from __future__ import annotations

import requests
import urllib3

RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}
NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
_HINTS = {
    401: "; a token is needed, set UNSMEAR_TOKEN (or HF_TOKEN for huggingface.co)",
    403: "; access is refused, check the token in UNSMEAR_TOKEN or HF_TOKEN",
    404: "; there is no such file",
}


class FetchError(ValueError):
    """This server cannot give the file; trying again would not help."""


class TransientError(Exception):
    """The attempt failed and another may succeed, after ``wait_s`` seconds if the server named a time."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChangedError(Exception):
    """The file on the server is not the one that the download began with."""


def describe(error: BaseException) -> str:
    """What went wrong, without a word from the error's own text."""
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or failed"
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return "the secure connection failed (certificate or protocol)"
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ConnectionError | urllib3.exceptions.HTTPError | OSError):
        return "the connection failed or was cut"
    return type(error).__name__


def open_session(token: str | None = None, connections: int = 1) -> requests.Session:
    """A session with the proxies and `~/.netrc` of the environment; a redirect to another host loses the token."""
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "unsmear"})
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def request(
    session: requests.Session, url: str, timeout_s: float, headers: dict[str, str] | None = None
) -> requests.Response:
    """GET with a streamed body; answers are 200 or 206, the rest is raised.

    Raises
    ------
    TransientError
        For time-outs, cut connections, statuses such as 429 and 503, with the server's Retry-After, and 403 from behind
        a redirect: its signed address has run out, and ``url`` gives a new one.
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
    if status == 403 and response.history:
        raise TransientError(f"the server answered 403 behind a redirect{_HINTS[403]}")
    if status == 416:
        raise ChangedError
    raise FetchError(f"the server answered {status}{_HINTS.get(status, '')}")


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After")
    try:
        return urllib3.util.Retry().parse_retry_after(value) if value else None
    except urllib3.exceptions.InvalidHeader:
        return None


def read_some(response: requests.Response, size: int) -> bytes:
    """Next bytes as they come, at most ``size``; none at the end."""
    try:
        return bytes(response.raw.read1(size, decode_content=False))
    except NETWORK_ERRORS as error:
        raise TransientError(describe(error)) from None
