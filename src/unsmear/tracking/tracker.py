"""Recording a run: what is logged goes into the run's journal first; sending it is not done here."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from unsmear.tracking.journal import FILE_NAME, FORMAT_VERSION, Journal, encode_number, now_ms, read_header
from unsmear.tracking.past import Past, read_past
from unsmear.tracking.protocol import FinishingContext, NullTracker, Status, Tracker
from unsmear.tracking.secrets import redact
from unsmear.tracking.state import FOLDER

__all__ = ["JournalTracker", "NullTracker", "Tracker"]

_TEXT_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".txt", ".md", ".toml", ".csv", ".log", ".html", ".cfg", ".ini"})
_LARGEST_TEXT = 5_000_000


class JournalTracker(FinishingContext):
    """Writes every record to ``tracking.jsonl`` in the run's folder.

    A journal that is there already is continued. What an earlier session recorded is not recorded again:
    metrics up to the last step of each name, and settings. A setting that changed since becomes a tag
    ``later.{name}``, because MLflow allows a setting one value.
    """

    def __init__(
        self,
        directory: str | Path,
        run_name: str,
        experiment: str,
        *,
        parent: Path | None = None,
        resume_key: str | None = None,
        on_finish: Callable[[], None] | None = None,
        find_run_id: Callable[[], str | None] | None = None,
    ) -> None:
        self.directory = Path(directory)
        self._on_finish, self._find_run_id = on_finish, find_run_id
        self._finished = False
        path = self.directory / FILE_NAME
        self._journal = Journal(path)
        self._past = read_past(path)
        if self._past.header is None:
            self._journal.append(_new_header(run_name, experiment, self.directory, parent, resume_key))
            self._past = Past(header=read_header(path))
        else:
            self._journal.append({"kind": "resume", "time": now_ms()})
        assert self._past.header is not None
        self.key: str = self._past.header["key"]
        self._params = dict(self._past.params)

    @property
    def run_id(self) -> str | None:
        """MLflow's id of the run, once a sender has learnt it."""
        return self._find_run_id() if self._find_run_id is not None else None

    def next_step(self, metric: str) -> int:
        """First step for which an earlier session recorded no ``metric``."""
        return self._past.last_steps.get(metric, -1) + 1

    def log_params(self, params: Mapping[str, Any]) -> None:
        new, changed = {}, {}
        for name, value in _flatten(params).items():
            if name not in self._params:
                new[name] = self._params[name] = value
            elif self._params[name] != value:
                changed[f"later.{name}"] = value
        if new:
            self._journal.append({"kind": "params", "values": new})
        if changed:
            self._journal.append({"kind": "tags", "values": changed})

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        step = int(step)
        last = self._past.last_steps
        values = {name: encode_number(value) for name, value in metrics.items() if step > last.get(name, -(2**62))}
        if values:
            self._journal.append({"kind": "metrics", "step": step, "time": now_ms(), "values": values})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        values = _flatten(tags)
        if values:
            self._journal.append({"kind": "tags", "values": values})

    def log_artifact(self, path: str | Path, folder: str = "") -> None:
        """Record a file as it is now; a copy waits beside the journal until it is sent.

        Raises
        ------
        ValueError
            If there is nothing at ``path``.
        """
        path = Path(path)
        if path.is_dir():
            for file in sorted(file for file in path.rglob("*") if file.is_file()):
                inner = (Path(folder) / path.name / file.relative_to(path).parent).as_posix()
                self.log_artifact(file, inner)
            return
        if not path.is_file():
            raise ValueError(f"{path} cannot be recorded: there is no such file; write it before logging it")
        copy, digest = self._keep(path)
        self._journal.append(
            {
                "kind": "artifact",
                "path": os.path.relpath(path, self.directory),
                "copy": os.path.relpath(copy, self.directory),
                "folder": folder,
                "sha256": digest,
            }
        )

    def log_text(self, text: str, path: str) -> None:
        self._journal.append({"kind": "text", "path": path, "text": redact(text)})

    def log_bytes(self, content: bytes, path: str) -> None:
        # Kept after it has been sent: there is no other copy if the store is deleted.
        kept = self.directory / FOLDER / "made" / path
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
        place, folder = os.path.relpath(kept, self.directory), Path(path).parent.as_posix()
        digest = hashlib.sha256(content).hexdigest()
        record = {"path": place, "copy": place, "folder": "" if folder == "." else folder, "sha256": digest}
        self._journal.append({"kind": "artifact", **record})

    def log_dataset(self, name: str, digest: str, source: str, context: str = "training", **profile: Any) -> None:
        record = {"name": name, "digest": digest[:36], "source": redact(source), "context": context}
        self._journal.append({"kind": "dataset", **record, "profile": profile})

    def log_model(self, folder: str | Path, name: str, registered_name: str | None = None) -> None:
        relative = os.path.relpath(folder, self.directory)
        self._journal.append(
            {
                "kind": "model",
                "token": uuid.uuid4().hex,
                "path": relative,
                "name": name,
                "register": registered_name,
            }
        )

    def finish(self, status: Status = "FINISHED") -> None:
        if self._finished:
            return
        self._finished = True
        self._journal.append({"kind": "finish", "status": status, "time": now_ms()})
        self._journal.close()
        if self._on_finish is not None:
            self._on_finish()

    def _keep(self, path: Path) -> tuple[Path, str]:
        """Copy ``path`` to where the sender finds it even after the original is gone.

        Texts are copied without secrets. Other files, written once and whole, cost only a hard link.
        """
        content = path.read_bytes()
        is_text = path.suffix.lower() in _TEXT_SUFFIXES and len(content) <= _LARGEST_TEXT
        if is_text:
            content = redact(content.decode(errors="surrogateescape")).encode(errors="surrogateescape")
        digest = hashlib.sha256(content).hexdigest()
        copy = self.directory / FOLDER / "files" / uuid.uuid4().hex[:12] / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if is_text:
            copy.write_bytes(content)
            return copy, digest
        try:
            os.link(path, copy)
        except OSError:  # another file system
            shutil.copyfile(path, copy)
        return copy, digest


def _new_header(
    run_name: str, experiment: str, directory: Path, parent: Path | None, resume_key: str | None
) -> dict[str, Any]:
    header: dict[str, Any] = {
        "kind": "run",
        "format_version": FORMAT_VERSION,
        "key": uuid.uuid4().hex,
        "experiment": experiment,
        "name": run_name,
        "time": now_ms(),
        "resume_key": resume_key,
        "parent": None,
    }
    if parent is not None:
        header["parent"] = {
            "key": read_header(parent / FILE_NAME)["key"],
            "directory": os.path.relpath(parent, directory),
        }
    return header


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Names with dots and texts without secrets."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = redact(str(value))
    return flat
