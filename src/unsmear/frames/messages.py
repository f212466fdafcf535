"""Messages about the network that give nothing away.

They are made from the kind of an error, never from its text: texts hold URLs, and URLs hold
passwords, tokens and, behind a redirect, signatures.
"""

from __future__ import annotations

import urllib.parse

import requests
import urllib3


def public_url(url: str) -> str:
    """The URL without user, password and query, fit for a message or a file."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))


def describe(error: BaseException) -> str:
    """What went wrong, without a word from the error's own text."""
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or failed"
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return "the secure connection failed (certificate or protocol)"
    timeouts = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    if isinstance(error, timeouts):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ConnectionError | urllib3.exceptions.HTTPError | OSError):
        return "the connection failed or was cut"
    return type(error).__name__
