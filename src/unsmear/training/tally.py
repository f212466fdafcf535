"""What happened since the last row of the table: losses, images, and time spent waiting for samples."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Tally:
    """Counts from one validation to the next."""

    def __init__(self, captured: Mapping[str, Any] | None = None) -> None:
        self.clear()
        if captured is not None:
            self._steps = int(captured["steps"])
            self._sums.update(captured["sums"])

    def capture(self) -> dict[str, Any]:
        """Losses so far, for one that goes on; times are of one process alone."""
        return {"steps": self._steps, "sums": self._sums}

    def clear(self) -> None:
        """Start counting again."""
        self._began, self._waited, self._images, self._steps = time.monotonic(), 0.0, 0, 0
        self._sums: dict[str, float] = {}

    def time_waits(self, batches: Iterable[T]) -> Iterator[T]:
        """The batches, with the time that each lets the training wait."""
        source = iter(batches)
        # Until the first batch is there, processes start: that is no time of a step.
        started = False
        while True:
            asked = time.monotonic()
            try:
                batch = next(source)
            except StopIteration:
                return
            if started:
                self._waited += time.monotonic() - asked
            else:
                self._began, started = time.monotonic(), True
            yield batch

    def add(self, terms: Mapping[str, float], images: int) -> None:
        """One step: its losses, none if it was skipped, and its samples."""
        self._images += images
        self._steps += bool(terms)
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def read(self) -> dict[str, float]:
        """Mean of each term, images a second and share of time waited since the last :meth:`clear`."""
        seconds = max(time.monotonic() - self._began, 1e-9)
        row = {name: value / self._steps for name, value in self._sums.items()} or {"loss": math.nan}
        return row | {"images_per_second": self._images / seconds, "data_wait": self._waited / seconds}
