"""What of the journals has arrived: ``results/mlflow/sent.json``, the uploader's own note.

It is lost with an embedded store. That costs no more than sending everything again, as it should.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from threading import RLock

from unsmear.files import write_json
from unsmear.tracking.config import Destination
from unsmear.tracking.journal import lock_file


@dataclass
class Sent:
    """What of one journal has arrived."""

    run_id: str = ""  # MLflow's
    status: str | None = None  # how the run stands in the store
    values: int = 0  # bytes of the journal whose metrics, params and tags have arrived
    files: int = 0  # the same of everything else


class SentNote:
    """What has arrived at one store, by the ids of the runs; threads may share it."""

    def __init__(self, destination: Destination) -> None:
        self.lock = RLock()
        self._destination = destination
        self._path = destination.folder / "sent.json"
        self._runs: dict[str, Sent] = {}

    def of(self, run: str) -> Sent:
        """What of a run has arrived."""
        with self.lock:
            return self._runs.setdefault(run, Sent())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that sends, and know what others have sent before."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name("sending.lock").open("a") as stream:
            lock_file(stream.fileno(), wait_s=math.inf)
            self._read()
            yield

    def write(self) -> None:
        """Bring the file up to date."""
        with self.lock:
            runs = {run: asdict(sent) for run, sent in self._runs.items()}
            write_json(self._path, {"store": self._destination.public, "runs": runs})

    def _read(self) -> None:
        """Of another store nothing is known, and of one that was lost nothing holds: all is sent again."""
        self._runs = {}
        with suppress(OSError, ValueError, TypeError, KeyError):
            note = json.loads(self._path.read_text(encoding="utf-8"))
            if note["store"] == self._destination.public and self._destination.is_there:
                self._runs = {run: Sent(**values) for run, values in note["runs"].items()}
