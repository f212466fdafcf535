"""Sending journals: in the background of a job, or later all of them at once."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.delivery import send_journal
from unsmear.tracking.destination import resolve_destination
from unsmear.tracking.journal import FILE_NAME, find_journals, is_being_written, read_header
from unsmear.tracking.past import read_past
from unsmear.tracking.reporting import warn
from unsmear.tracking.retry import pause_s, try_often
from unsmear.tracking.state import directory_lock, renew_summary, summarise

if TYPE_CHECKING:
    from unsmear.tracking.mlflow import MlflowStore


@dataclass
class SyncReport:
    """What a synchronisation found and did."""

    num_runs: int = 0
    num_synced: int = 0
    pending: list[str] = field(default_factory=list)  # folders of runs that are not fully sent
    busy: list[str] = field(default_factory=list)  # folders of runs that another process is sending

    @property
    def complete(self) -> bool:
        """Whether every record has arrived, those apart that another process is sending."""
        return not self.pending


def open_store(config: TrackingConfig, root: Path) -> MlflowStore:
    """Connect to the store; an embedded one is created or migrated first."""
    from unsmear.tracking.mlflow import MlflowStore

    return MlflowStore(config, resolve_destination(config, root))


def create_store(config: TrackingConfig, root: str | Path) -> None:
    """Create or migrate the embedded store, once and alone; other stores create themselves."""
    if config.enabled and resolve_destination(config, Path(root)).database_file is not None:
        open_store(config, Path(root))


def send_until_finished(config: TrackingConfig, root: Path, directory: Path, finishing: threading.Event) -> bool:
    """Send a journal as it grows until ``finishing`` is set and all is sent. True: all has arrived.

    Never gives up by itself; the job ends the process when its patience does.
    """
    store: MlflowStore | None = None
    failures = 0
    with directory_lock(directory, "send"):
        while True:
            last_round = finishing.is_set()
            try:
                store = store or open_store(config, root)
                send_journal(store, directory)
            except Exception as error:
                if failures == 0:
                    warn(f"{_reason(error)}; the job goes on, records wait in {directory / FILE_NAME}")
                # At the end of a job there is little time left, so that pauses are short.
                finishing_pause = min(pause_s(failures, longest=2.0), 2.0)
                failures += 1
                if last_round:
                    time.sleep(finishing_pause)
                else:
                    finishing.wait(pause_s(failures))
                continue
            failures = 0
            if last_round:
                return True
            finishing.wait(config.interval_s)


def sync_journals(root: str | Path, config: TrackingConfig, attempts: int = 4) -> SyncReport:
    """Send every record of every run under ``root`` that has not arrived yet.

    Runs that a living job is sending are left to it. A run whose job ended without a word is marked KILLED.

    Parameters
    ----------
    root : results folder
    config : the `tracking` section of the configuration
    attempts : how often a failing request is tried, with growing pauses, before the rest is left for later

    Returns
    -------
    A report; ``pending`` names the folders that hold unsent records which nobody is sending.
    """
    root, report = Path(root), SyncReport()
    if not config.enabled:
        return report
    journals = find_journals(root)
    report.num_runs = len(journals)
    destination = resolve_destination(config, root)
    try:
        store = try_often(lambda: open_store(config, root), attempts) if journals else None
    except Exception as error:
        warn(f"{_reason(error)}; nothing was sent")
        store = None
    reachable = store is not None
    for journal in journals:
        directory = journal.parent
        try:
            read_header(journal)
        except ValueError as error:
            warn(str(error))
            report.pending.append(str(directory))
            continue
        with directory_lock(directory, "send", wait_s=0.0) as free:
            if free and store is not None and reachable:
                try:
                    try_often(lambda d=directory: _send_whole(store, d), attempts)  # type: ignore[misc]
                except Exception as error:
                    warn(f"{directory}: {_reason(error)}")
                    reachable = _is_reachable(store)
            summary = summarise(directory, destination.public)
            if free:
                renew_summary(directory, summary)
        if summary["synced"]:
            report.num_synced += 1
        elif not free:
            report.busy.append(str(directory))
        else:
            report.pending.append(str(directory))
    return report


def _send_whole(store: MlflowStore, directory: Path) -> None:
    run_id = send_journal(store, directory)
    past = read_past(directory / FILE_NAME)
    if run_id is None or past.status is not None or is_being_written(directory / FILE_NAME):
        return
    run = store.find_run(run_id)
    if run is not None and run.info.status == "RUNNING" and run.info.lifecycle_stage == "active":
        store.set_status(run_id, "KILLED", past.last_time)


def _is_reachable(store: MlflowStore) -> bool:
    try:
        store.client.search_experiments(max_results=1)
    except Exception:
        return False
    return True


def _reason(error: Exception) -> str:
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"the tracking store is not available ({type(error).__name__}: {first_line[:300]})"
