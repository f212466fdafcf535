"""When to try again, and when to stop."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from unsmear.http import FetchError, TransientError

FIRST_WAIT_S = 1.0
T = TypeVar("T")


class Backoff:
    """Counts failures in a row and waits longer after each; a success starts the count anew.

    The wait is ``FIRST_WAIT_S * 2**(failures - 1)``, at most ``max_wait_s``, times a random factor
    from 0.5 to 1, so that many jobs do not return together; a server's Retry-After goes before it.
    """

    def __init__(self, retries: int, max_wait_s: float, stop: threading.Event | None = None) -> None:
        self.retries = retries
        self.max_wait_s = max_wait_s
        self.failures = 0
        self._stop = stop or threading.Event()

    def succeeded(self) -> None:
        """Start the count anew."""
        self.failures = 0

    def failed(self, error: TransientError) -> None:
        """Wait, or give up.

        Raises
        ------
        FetchError
            After ``retries`` failures in a row, or if the server asks for a longer wait than allowed.
        """
        self.failures += 1
        if self.failures > self.retries:
            raise FetchError(f"gave up after {self.failures} failed attempts in a row; the last: {error}")
        if error.wait_s is not None and error.wait_s > self.max_wait_s:
            raise FetchError(
                f"{error} and asks to wait {error.wait_s:.0f} s, more than the {self.max_wait_s:.0f} s of "
                "max_wait_s; run again later"
            )
        wait_s = min(self.max_wait_s, FIRST_WAIT_S * 2.0 ** min(self.failures - 1, 20))
        wait_s *= random.uniform(0.5, 1.0)
        self._stop.wait(max(wait_s, error.wait_s or 0.0))

    def call(self, action: Callable[[], T]) -> T:
        """What ``action`` returns, tried again after each `TransientError`."""
        while True:
            try:
                return action()
            except TransientError as error:
                self.failed(error)
