"""Carrying journals to a store, from where the last time has stopped; one process at a time does it.

Numbers and settings of all runs come first, and again at each interval while files, which may take long, travel
beside them. What has arrived is noted after each delivery: what dies between the two sends the same again, which
leaves the store as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from unsmear.tracking import journal
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.secrets import warn
from unsmear.tracking.sent import Sent, SentNote

_LARGEST_BATCH = 800  # values; MLflow takes 1000 in one request
_VALUES = frozenset({"metrics", "params", "tags"})


class Recorded(NamedTuple):
    """A run whose journal lies under the results folder."""

    path: Path
    header: dict[str, Any]


class Uploader:
    """Sends the journals under a results folder to one store."""

    def __init__(self, config: TrackingConfig, root: Path) -> None:
        self.store: Any = None  # a Store, once there is something to send: that imports mlflow
        self.runs: dict[str, Recorded] = {}
        self.broken: list[Path] = []  # folders whose journal cannot be read
        self._config, self._root = config, root
        self._destination = config.resolve(root)
        self._note = SentNote(self._destination)
        self._named: set[str] = set()

    def send(self, is_over: bool = False, verify: bool = False) -> list[Path]:
        """Send what has not arrived, and say which runs' folders still hold something.

        What fails with one run is tried with all others before it is raised, if the store answers at all.

        Parameters
        ----------
        is_over : the jobs are over: mark a run as KILLED whose job ended without a word
        verify : look whether the store still has what was sent
        """
        self._find_runs()
        if self.runs:
            with self._note.alone():
                dead = [run for run in self.runs.values() if is_over and self._is_open(run)]
                if verify or dead or self.find_pending():
                    self._send(verify, dead)
        return self.find_pending()

    def find_pending(self) -> list[Path]:
        """Folders of runs that hold something unsent."""
        return [run.path.parent for run in self.runs.values() if self._is_pending(run)]

    def _send(self, verify: bool, dead: Iterable[Recorded]) -> None:
        if self.store is None:
            from unsmear.tracking.store import Store

            self.store = Store(self._config, self._destination)
        if verify:
            self._each(self._open)
        self._each(self._send_values)
        with ThreadPoolExecutor(1) as pool:
            files = pool.submit(self._each, self._send_files)
            while not wait([files], self._config.interval_s).done:
                self._find_runs()
                self._each(self._send_values)
            files.result()
        for run in dead:
            self._mark_killed(run)

    def _each(self, send: Callable[[Recorded], object]) -> None:
        errors = []
        for run in list(self.runs.values()):
            try:
                send(run)
            except Exception as error:
                errors.append(error)
                self.store.ping()
        if errors:
            raise errors[0]

    def _send_values(self, run: Recorded) -> None:
        if not self._is_pending(run) or (sent := self._open(run)) is None:
            return
        with run.path.open("rb") as stream:  # what has been sent must not be ahead of the journal after a power cut
            os.fsync(stream.fileno())
        for batch, end in _read_batches(run.path, sent.values):
            send = partial(self.store.send_values, sent.run_id)
            if batch and not _accepts(partial(send, batch), quiet=True):
                for value in batch:  # so that a bad one costs no other
                    _accepts(partial(send, [value]))
            sent.values = end
            self._note.write()

    def _send_files(self, run: Recorded) -> None:
        if not self._is_pending(run) or (sent := self._open(run)) is None:
            return
        end = sent.files
        for record, end in journal.read_entries(run.path, sent.files):
            if record["kind"] not in _VALUES:
                _accepts(partial(self._send_file, run, str(sent.run_id), record))
                if record["kind"] in ("finish", "resume"):
                    sent.status = record.get("status", "RUNNING")
                sent.files = end
                self._note.write()
        sent.files = end
        self._note.write()

    def _send_file(self, run: Recorded, run_id: str, record: dict[str, Any]) -> None:
        match record["kind"]:
            case "finish" | "resume":
                self.store.set_status(run_id, record.get("status", "RUNNING"), record["time"])
            case "dataset":
                self.store.send_dataset(run_id, record)
            case "artifact" | "model":
                # A journal from elsewhere must not send any other file of this machine.
                folder = (run.path.parent / journal.FILES).resolve()
                path = (folder / record["path"]).resolve()
                if not path.is_relative_to(folder) or not path.exists():
                    warn(f"{run.path.parent / journal.FILES / record['path']} is gone; it is left out of the run")
                elif record["kind"] == "artifact":
                    self.store.send_file(run_id, path, path.relative_to(folder).parent.as_posix().removeprefix("."))
                else:
                    from unsmear.tracking.model import send_model

                    send_model(self.store.client, run_id, path, record)

    def _open(self, run: Recorded) -> Sent | None:
        """Find or create the run in the store, its parent before it; None if somebody has deleted it there."""
        with self._note.lock:
            sent = self._note.of(run.header["id"])
            found = self.store.find_run(sent.run_id) if sent.run_id else None
            if found is None:  # it is new, or the store has been emptied
                parent = self.runs.get(run.header["parent"] or "")
                of_parent = self._open(parent) if parent is not None else None
                sent.values, sent.files, sent.status = 0, 0, None
                sent.run_id = self.store.ensure_run(run.header, of_parent.run_id if of_parent else None)
                found = self.store.find_run(sent.run_id)
            if found is not None and found.info.lifecycle_stage != "active":
                sent.values = sent.files = run.path.stat().st_size
            self._note.write()
            return sent if found is not None and found.info.lifecycle_stage == "active" else None

    def _is_open(self, run: Recorded) -> bool:
        """Whether nothing that was sent or waits says how the run has ended, and no process writes its journal."""
        sent = self._note.of(run.header["id"])
        if sent.status not in (None, "RUNNING") and not self._is_pending(run):
            return False
        return journal.read_past(run.path).status is None and not journal.is_being_written(run.path)

    def _mark_killed(self, run: Recorded) -> None:
        if (sent := self._open(run)) is not None:
            self.store.set_status(str(sent.run_id), "KILLED", journal.read_past(run.path).last_time)
            sent.status = "KILLED"
            self._note.write()

    def _find_runs(self) -> None:
        runs: dict[str, Recorded] = {}
        broken = []
        for path in journal.find_journals(self._root):
            try:
                header = journal.read_header(path)
            except ValueError as error:
                self._name_once(str(error))
                broken.append(path.parent)
                continue
            if header["id"] in runs:
                self._name_once(f"{path} is a copy of {runs[header['id']].path}; it is not sent")
            runs.setdefault(header["id"], Recorded(path, header))
        self.runs, self.broken = runs, broken

    def _name_once(self, message: str) -> None:
        if message not in self._named:
            self._named.add(message)
            warn(message)

    def _is_pending(self, run: Recorded) -> bool:
        sent = self._note.of(run.header["id"])
        arrived = min(sent.values, sent.files)
        with run.path.open("rb") as stream:  # opened: a shared file system may tell an old size otherwise
            size = os.fstat(stream.fileno()).st_size
        if arrived > size:  # the journal has lost its end in a power cut
            arrived = sent.values = sent.files = 0
        return arrived < size and next(journal.read_entries(run.path, arrived), None) is not None


def _read_batches(path: Path, start: int) -> Iterable[tuple[list[journal.Value], int]]:
    """Values of a journal from byte ``start`` on, with the position behind them."""
    batch, end = list[journal.Value](), start
    for record, end in journal.read_entries(path, start):
        if (kind := record["kind"]) == "metrics":
            place = record["time"], record["step"]
            batch += [journal.Value(kind, name, float(value), *place) for name, value in record["values"].items()]
        elif kind in _VALUES:
            batch += [journal.Value(kind, name, value) for name, value in record["values"].items()]
        if len(batch) >= _LARGEST_BATCH:
            yield batch, end
            batch = []
    yield batch, end


def _accepts(send: Callable[[], object], quiet: bool = False) -> bool:
    """Send; False if the store says that it will never take this. Other failures are raised."""
    try:
        send()
    except Exception as error:
        if getattr(error, "error_code", None) != "INVALID_PARAMETER_VALUE":
            raise
        if not quiet:
            warn(f"the tracking store refuses a record: {error}")
        return False
    return True
