"""Tokens, messages and pauses: what a server and a reader of logs get to see."""

from __future__ import annotations

import datetime
import email.utils
import threading

import pytest
import requests
import urllib3

from unsmear import retry
from unsmear.fetch import find_token, public_url
from unsmear.frames.mirrors import join_url, local_folder, show_mirror
from unsmear.http import FetchError, TransientError, _retry_after, describe, open_session
from unsmear.retry import Backoff


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://huggingface.co/datasets/x/resolve/main/a.zip", "hf-secret"),
        ("https://example.org/a.zip", None),
        ("https://huggingface.co.example.org/a.zip", None),
        ("http://huggingface.co/a.zip", None),
    ],
)
def test_the_token_of_a_host_goes_to_that_host_alone(
    monkeypatch: pytest.MonkeyPatch, url: str, sent: str | None
) -> None:
    monkeypatch.delenv("UNSMEAR_TOKEN", raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf-secret")
    assert find_token(url) == sent
    monkeypatch.setenv("UNSMEAR_TOKEN", "mine")
    assert open_session(find_token(url)).headers["Authorization"] == "Bearer mine"
    assert "Authorization" not in open_session().headers


def test_messages_hold_no_url_and_no_password() -> None:
    assert public_url("https://me:pw@host:8080/a/b.zip?sig=x#y") == "https://host:8080/a/b.zip"
    secret = "https://me:SECRET@host/?signature=SECRET"
    for error in (
        requests.exceptions.ProxyError(secret),
        requests.exceptions.SSLError(secret),
        requests.exceptions.ReadTimeout(secret),
        requests.exceptions.ConnectionError(secret),
        requests.exceptions.ChunkedEncodingError(secret),
        urllib3.exceptions.ProtocolError(secret),
        OSError(secret),
        ValueError(secret),
    ):
        assert describe(error)
        assert "SECRET" not in describe(error)


def test_mirrors_are_urls_or_folders() -> None:
    assert join_url("https://host/base/", "a.zip") == "https://host/base/a.zip"
    assert join_url("https://host/base?key=1", "a.zip") == "https://host/base/a.zip?key=1"
    assert local_folder("https://host/base") is None
    assert str(local_folder("file:///data/My%20REDS")) == "/data/My REDS"
    assert str(local_folder("/data/REDS")) == "/data/REDS"
    assert show_mirror("https://me:pw@host/base?key=1") == "https://host/base"


class Pauses(threading.Event):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.asked.append(timeout)
        return False


def test_pauses_grow_up_to_the_longest_and_start_anew() -> None:
    pauses = Pauses()
    backoff = Backoff(retries=9, max_wait_s=20.0, stop=pauses)
    for _ in range(9):
        backoff.failed(TransientError("x"))
    longest = [min(20.0, retry.FIRST_WAIT_S * 2**k) for k in range(9)]
    assert all(most / 2 <= asked <= most for asked, most in zip(pauses.asked, longest, strict=True))
    with pytest.raises(FetchError, match="gave up after 10 failed attempts in a row; the last: x"):
        backoff.failed(TransientError("x"))
    backoff.succeeded()
    backoff.failed(TransientError("x"))
    assert pauses.asked[-1] <= retry.FIRST_WAIT_S


def test_the_servers_own_time_is_kept_to() -> None:
    pauses = Pauses()
    backoff = Backoff(retries=3, max_wait_s=20.0, stop=pauses)
    backoff.failed(TransientError("x", wait_s=15.0))
    assert pauses.asked == [15.0]
    with pytest.raises(FetchError, match=r"asks to wait 21 s, more than the 20 s of max_wait_s"):
        backoff.failed(TransientError("x", wait_s=21.0))


def test_retry_after_is_seconds_or_a_date() -> None:
    def answer(value: str | None) -> requests.Response:
        response = requests.Response()
        if value is not None:
            response.headers["Retry-After"] = value
        return response

    assert _retry_after(answer("17")) == 17
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=100)
    assert 90 <= (_retry_after(answer(email.utils.format_datetime(later, usegmt=True))) or 0) <= 100
    assert _retry_after(answer("Wed, 01 Jan 2020 00:00:00 GMT")) == 0
    assert _retry_after(answer("soon")) is None
    assert _retry_after(answer(None)) is None
