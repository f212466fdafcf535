"""Messages about the network that give nothing away.

They are made from the kind of an error, never from its text: texts hold URLs, and URLs hold
passwords, tokens and, behind a redirect, signatures.
"""

from __future__ import annotations

import requests
import urllib3


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
