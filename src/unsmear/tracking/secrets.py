"""Credentials stay out of everything that is written or shown."""

from __future__ import annotations

import logging
import os
import re
import sys
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

MASK = "***"

# Values of these variables are masked wherever they turn up in text.
SECRET_VARIABLES = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
)
# The last @ before the next slash or blank ends the credentials: passwords may hold an @ themselves.
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/\s\"'<>]*@")
_SECRET_KEY = r"\w*(?:password|passwd|pwd|token|secret|api_?key|signature)"
_QUERY = re.compile(rf"(?i)([?&]{_SECRET_KEY}=)[^&\s\"'<>]+")
_HEADER = re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)\s+)[^\s'\",}]+")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_known: set[str] = set()


def remember_secret(value: str | None) -> None:
    """Mask ``value`` from now on in this process; values under four characters are too common to mask."""
    if value and len(value) >= 4:
        _known.update({value, quote(value, safe="")})


def redact(text: str) -> str:
    """``text`` with user names and passwords in URIs, and every known secret, replaced by ``***``."""
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    text = _QUERY.sub(rf"\g<1>{MASK}", text)
    text = _HEADER.sub(rf"\g<1>{MASK}", text)
    secrets = _known | {os.environ[name] for name in SECRET_VARIABLES if len(os.environ.get(name, "")) >= 4}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def expand_variables(uri: str) -> str:
    """``uri`` with each ``${NAME}`` replaced from the environment.

    Inside a longer URI the value is percent-encoded, so that a password may hold any character;
    a variable that is the whole URI is taken as it stands.

    Raises
    ------
    ValueError
        If a variable is not set.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise ValueError(f"tracking.uri uses ${{{name}}}, which is not set; export {name} before the run")
        value = os.environ[name]
        if match.group(0) == uri:
            return value
        remember_secret(value)
        return quote(value, safe="")

    return _VARIABLE.sub(value_of, uri)


def split_credentials(uri: str) -> tuple[str, str | None, str | None]:
    """``uri`` without its user name and password, and those two; the password is masked from then on."""
    parts = urlsplit(uri)
    userinfo, separator, place = parts.netloc.rpartition("@")
    if not separator:
        return uri, None, None
    username, _, password = userinfo.partition(":")
    remember_secret(unquote(password))
    clean = urlunsplit(parts._replace(netloc=place))
    return clean, unquote(username) or None, unquote(password) or None


def public_uri(uri: str) -> str:
    """``uri`` as it may be shown: without user name, password and query; secrets in it are masked from then on."""
    parts = urlsplit(split_credentials(uri)[0])
    for name, value in parse_qsl(parts.query):
        if re.fullmatch(_SECRET_KEY, name, re.IGNORECASE):
            remember_secret(value)
    return urlunsplit(parts._replace(query="", fragment=""))


class DiscreetFormatter(logging.Formatter):
    """Masks credentials in messages and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with credentials masked."""
        return redact(super().format(record))


def warn(message: str) -> None:
    """Write one line to the terminal or the job's log, without secrets."""
    print(redact(f"unsmear tracking: {message}"), file=sys.stderr, flush=True)
