"""Carrying one journal to a store, from where the last delivery stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsmear.files import sha256_of
from unsmear.tracking.journal import FILE_NAME, read_entries, read_header
from unsmear.tracking.reporting import warn
from unsmear.tracking.state import FOLDER, SyncState, directory_lock, read_state, write_state

if TYPE_CHECKING:
    from unsmear.tracking.mlflow import MlflowStore

_LARGEST_BATCH = 800  # values; MLflow takes 1000 in one request
_BATCHED = frozenset({"metrics", "params", "tags"})


@dataclass
class _Batch:
    """Values that travel together."""

    metrics: list[tuple[str, float | str, int, int]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def add(self, record: dict[str, Any]) -> None:
        values = record["values"]
        match record["kind"]:
            case "metrics":
                self.metrics += [(name, value, record["time"], record["step"]) for name, value in values.items()]
            case "params":
                self.params |= values
            case "tags":
                self.tags |= values

    def __len__(self) -> int:
        return len(self.metrics) + len(self.params) + len(self.tags)


def send_journal(store: MlflowStore, directory: Path) -> str | None:
    """Send what ``directory``'s journal holds beyond what has arrived; the caller holds its ``send`` lock.

    The position is noted after each delivery. A process that dies between the two sends the same records
    again, which leaves the store as it is.

    Returns
    -------
    The run's id; None if somebody deleted the run in MLflow, whose wish is respected.
    """
    journal = directory / FILE_NAME
    state, run_id = _open_run(store, directory)
    run = store.find_run(run_id)
    if run is None:  # the store was deleted or replaced: everything is sent anew
        write_state(directory, replace(state, run_id=None, position=0, refused=0))
        state, run_id = _open_run(store, directory)
    elif run.info.lifecycle_stage != "active":
        write_state(directory, replace(state, position=journal.stat().st_size))
        return None
    _bring_to_disk(journal)
    if state.position > journal.stat().st_size:  # the journal lost its end in a power cut
        state = replace(state, position=0)

    batch, end = _Batch(), state.position
    for record, position in read_entries(journal, state.position):
        is_single = record["kind"] not in _BATCHED
        if is_single or len(batch) >= _LARGEST_BATCH:
            state = _note(directory, state, _send_batch(store, run_id, batch), end)
            batch = _Batch()
        if is_single:
            state = _note(directory, state, _send_single(store, run_id, directory, record), position)
            _drop_copy(directory, record)
        else:
            batch.add(record)
        end = position
    _note(directory, state, _send_batch(store, run_id, batch), end)
    return run_id


def _open_run(store: MlflowStore, directory: Path) -> tuple[SyncState, str]:
    """Find or create the run, and its parent before it."""
    header = read_header(directory / FILE_NAME)
    state = read_state(directory, header["key"], store.destination.public)
    if state.run_id is not None:
        return state, state.run_id
    # Several children may create their parent at once, which this lock makes one after another.
    with directory_lock(directory, "run"):
        state = read_state(directory, header["key"], store.destination.public)
        run_id = state.run_id or store.ensure_run(header, _find_parent(store, directory, header))
        state = replace(state, run_id=run_id)
        write_state(directory, state)
    return state, run_id


def _find_parent(store: MlflowStore, directory: Path, header: dict[str, Any]) -> str | None:
    parent = header["parent"]
    if parent is None:
        return None
    folder = Path(os.path.normpath(directory / parent["directory"]))
    if (folder / FILE_NAME).exists() and read_header(folder / FILE_NAME)["key"] == parent["key"]:
        return _open_run(store, folder)[1]
    return store.find_by_key(store.ensure_experiment(header["experiment"]), parent["key"])


def _note(directory: Path, state: SyncState, refused: int, position: int) -> SyncState:
    """Note that everything before ``position`` has arrived or was refused."""
    if position == state.position:
        return state
    state = replace(state, position=position, refused=state.refused + refused)
    write_state(directory, state)
    return state


def _send_batch(store: MlflowStore, run_id: str, batch: _Batch) -> int:
    """Send a batch; where the store refuses it, each value by itself, so that one bad value costs no other.

    Returns the number of refused values.
    """
    if not batch or _accepts(lambda: store.send_batch(run_id, batch.metrics, batch.params, batch.tags), quiet=True):
        return 0
    singles = [_Batch(metrics=[metric]) for metric in batch.metrics]
    singles += [_Batch(params={name: value}) for name, value in batch.params.items()]
    singles += [_Batch(tags={name: value}) for name, value in batch.tags.items()]
    return sum(not _accepts(partial(store.send_batch, run_id, b.metrics, b.params, b.tags)) for b in singles)


def _send_single(store: MlflowStore, run_id: str, directory: Path, record: dict[str, Any]) -> int:
    """Send a record that travels alone; returns 1 if the store refuses it."""

    def send() -> None:
        match record["kind"]:
            case "artifact":
                _send_artifact(store, run_id, directory, record)
            case "text":
                store.send_text(run_id, record["text"], record["path"])
            case "dataset":
                store.send_dataset(run_id, record)
            case "model":
                _send_model(store, run_id, directory, record)
            case "finish":
                store.set_status(run_id, record["status"], record["time"])
            case "resume":
                store.set_status(run_id, "RUNNING")

    return int(not _accepts(send))


def _send_artifact(store: MlflowStore, run_id: str, directory: Path, record: dict[str, Any]) -> None:
    """Send the kept copy, or the original where it is still the same."""
    for path in (directory / record["copy"], directory / record["path"]):
        if path.is_file() and sha256_of(path) == record["sha256"]:
            store.send_file(run_id, path, record["folder"])
            return
    warn(f"{directory / record['path']} is gone or has changed since it was recorded; it is left out")


def _send_model(store: MlflowStore, run_id: str, directory: Path, record: dict[str, Any]) -> None:
    from unsmear.tracking.model import REQUIREMENTS_FILE

    folder = Path(os.path.normpath(directory / record["path"]))
    if not (folder / REQUIREMENTS_FILE).is_file():
        warn(f"the model {folder} is gone since it was recorded; it is left out")
        return
    store.send_model(run_id, folder, record)


def _drop_copy(directory: Path, record: dict[str, Any]) -> None:
    if "copy" in record:
        copy = Path(os.path.normpath(directory / record["copy"]))
        if copy.is_relative_to(Path(os.path.normpath(directory / FOLDER / "files"))):
            shutil.rmtree(copy.parent, ignore_errors=True)


def _accepts(send: Callable[[], None], quiet: bool = False) -> bool:
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


def _bring_to_disk(path: Path) -> None:
    """What has been sent must never be ahead of the journal after a power cut."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
