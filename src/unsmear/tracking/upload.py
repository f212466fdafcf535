"""Carrying journals to a store, from where the last time has stopped; one process at a time does it.

Numbers and settings of all runs come first, and again at each interval while files, which may take long, travel
beside them. What has arrived is noted after each delivery: what dies between the two sends the same again, which
leaves the store as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

from unsmear.tracking import journal
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.recorded import VALUES, Recorded, find_recorded, read_batches
from unsmear.tracking.secrets import warn
from unsmear.tracking.sent import Sent, SentNote


class Uploader:
    """Sends the journals under a results folder to one store."""

    def __init__(self, config: TrackingConfig, root: Path) -> None:
        self.store: Any = None  # a Store, once there is something to send: that imports mlflow
        self.runs: dict[str, Recorded] = {}
        self.broken: list[Path] = []  # folders whose journal cannot be read
        self._config, self._root = config, root
        self._destination = config.resolve(root)
        self._note = SentNote(self._destination)
        self._told: set[str] = set()

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
                if verify or self.find_pending() or (is_over and any(map(self._is_dead, self.runs.values()))):
                    self._send(is_over, verify)
        return self.find_pending()

    def find_pending(self) -> list[Path]:
        """Folders of runs that hold something unsent."""
        return [run.path.parent for run in self.runs.values() if self._is_pending(run)]

    def _send(self, is_over: bool, verify: bool) -> None:
        if self.store is None:
            from unsmear.tracking.store import Store

            self.store = Store(self._config, self._destination)
        self._each(self._send_values, verify)
        with ThreadPoolExecutor(1) as pool:
            files = pool.submit(self._each, self._send_files)
            while not wait([files], self._config.interval_s).done:
                self._find_runs()
                self._each(self._send_values)
            files.result()
        for run in self.runs.values():
            if is_over and self._is_dead(run) and (sent := self._open(run)):
                self._set_status(sent, "KILLED", journal.read_past(run.path).last_time)

    def _each(self, send: Callable[[Recorded, Sent], None], verify: bool = False) -> None:
        errors = []
        for run in list(self.runs.values()):
            try:
                is_pending = self._is_pending(run)  # asked in any case: a journal that lost its end begins anew
                if (verify or is_pending) and (sent := self._open(run)):
                    send(run, sent)
            except Exception as error:
                errors.append(error)
                self.store.ping()
        if errors:
            raise errors[0]

    def _send_values(self, run: Recorded, sent: Sent) -> None:
        with run.path.open("rb") as stream:  # what has been sent must not be ahead of the journal after a power cut
            os.fsync(stream.fileno())
        for batch, end in read_batches(run.path, sent.values):
            send = partial(self.store.send_values, sent.run_id)
            if batch and not _accepts(partial(send, batch), quiet=True):
                for value in batch:  # so that a bad one costs no other
                    _accepts(partial(send, [value]))
            sent.values = end
            self._note.write()

    def _send_files(self, run: Recorded, sent: Sent) -> None:
        end = sent.files
        for record, end in journal.read_entries(run.path, sent.files):
            if record["kind"] not in VALUES:
                _accepts(partial(self._send_file, run, sent, record))
                sent.files = end
                self._note.write()
        sent.files = end
        self._note.write()

    def _send_file(self, run: Recorded, sent: Sent, record: dict[str, Any]) -> None:
        match record["kind"]:
            case "finish" | "resume":
                self._set_status(sent, record.get("status", "RUNNING"), record["time"])
            case "dataset":
                self.store.send_dataset(sent.run_id, record)
            case "artifact" | "model":
                # A journal from elsewhere must not send any other file of this machine.
                folder = (run.path.parent / journal.FILES).resolve()
                path = (folder / record["path"]).resolve()
                if not path.is_relative_to(folder) or not path.exists():
                    warn(f"{run.path.parent / journal.FILES / record['path']} is gone; it is left out of the run")
                elif record["kind"] == "artifact":
                    self.store.send_file(sent.run_id, path, record["path"].rpartition("/")[0])
                else:
                    from unsmear.tracking.model_upload import send_model

                    send_model(self.store.client, sent.run_id, path, record, self._config.register_models)

    def _set_status(self, sent: Sent, status: str, time_ms: int) -> None:
        self.store.set_status(sent.run_id, status, time_ms)
        sent.status = status
        self._note.write()

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
            is_deleted = found.info.lifecycle_stage != "active"
            if is_deleted:
                sent.values = sent.files = run.path.stat().st_size
            self._note.write()
            return None if is_deleted else sent

    def _is_dead(self, run: Recorded) -> bool:
        """Whether nothing that was sent or waits says how the run has ended, and no process writes its journal."""
        sent = self._note.of(run.header["id"])
        if sent.status not in (None, "RUNNING") and not self._is_pending(run):
            return False
        return journal.read_past(run.path).status is None and not journal.is_being_written(run.path)

    def _find_runs(self) -> None:
        self.runs, self.broken, messages = find_recorded(self._root)
        for message in sorted({*messages} - self._told):
            warn(message)
        self._told |= {*messages}

    def _is_pending(self, run: Recorded) -> bool:
        sent = self._note.of(run.header["id"])
        with run.path.open("rb") as stream:  # opened: a shared file system may tell an old size otherwise
            size = os.fstat(stream.fileno()).st_size
        if max(sent.values, sent.files) > size:  # the journal has lost its end in a power cut
            sent.values = sent.files = 0
        arrived = min(sent.values, sent.files)
        return arrived < size and next(journal.read_entries(run.path, arrived), None) is not None


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
