"""What a job says about its run. It goes into the run's journal; sending it anywhere is not done here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from unsmear.files import write_atomically
from unsmear.provenance import collect_provenance, describe_environment
from unsmear.tracking.earlier import find_past, id_of
from unsmear.tracking.journal import FILE_NAME, FILES, FORMAT_VERSION, Journal, Past, Status, encode_number, read_past
from unsmear.tracking.kept_files import keep_file
from unsmear.tracking.secrets import redact
from unsmear.tracking.system_metrics import SystemMetrics


def open_run(
    directory: str | Path,
    name: str,
    *,
    enabled: bool = True,
    experiment: str = "unsmear",
    key: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    parent: str | Path | None = None,
    reopen: bool = False,
    config_text: str | None = None,
    system_metrics_interval_s: float | None = None,
) -> Run:
    """Record a run; use the result in a ``with`` block, which ends the run.

    Parameters
    ----------
    directory : of the run, where ``run.jsonl`` and ``run.files`` are written
    name : ``{system}/{stage}/{run}``
    enabled : False records nothing
    key : digest of settings and data. An unfinished run of the same key in ``directory`` is continued; without a key,
        or with another, a new run begins and the earlier one moves to ``earlier_runs``.
    params, tags : settings and facts to record at once; provenance is added to the tags
    parent : directory of the run that this one belongs to (a sweep's)
    reopen : continue a run of the same key that has finished, too
    config_text : the resolved configuration, recorded as ``config.yaml`` with an ``environment.txt``
    system_metrics_interval_s : time between two samples of CPU, memory and GPU; None takes none

    Raises
    ------
    ValueError
        If another process records a run in ``directory`` right now.
    """
    directory = Path(directory)
    if not enabled:
        return Run(directory)
    past, journal = find_past(directory, key, reopen), Journal(directory / FILE_NAME)
    if past.header is None:
        header = {"kind": "run", "format_version": FORMAT_VERSION, "id": uuid.uuid4().hex, "key": key, "name": name}
        past.header = {**header, "experiment": experiment, "time": _now_ms(), "parent": id_of(parent, name)}
        journal.append(past.header)
    else:
        journal.append({"kind": "resume", "time": _now_ms()})
    run = Run(directory, journal, past, system_metrics_interval_s)
    run.set_tags({**collect_provenance(), **(tags or {})})
    run.log_params(params or {})
    if config_text is not None:
        run.log_text(config_text, "config.yaml")
        run.log_text(describe_environment(), "environment.txt")
    return run


class Run:
    """A run as a job sees it; without a journal it listens to nothing.

    What an earlier session recorded is not recorded again: metrics up to the last step of each name, and
    settings. A setting that changed since becomes a tag ``later.{name}``, because MLflow allows it one value.
    """

    def __init__(
        self,
        directory: Path,
        journal: Journal | None = None,
        past: Past | None = None,
        system_metrics_interval_s: float | None = None,
    ) -> None:
        self.is_recorded, self.files = journal is not None, directory / FILES
        self._journal, self._past = journal, past or Past()
        self._system_metrics: SystemMetrics | None = None
        if system_metrics_interval_s is not None:
            first = self._past.last_steps.get("system/cpu_utilization_percentage", -1) + 1
            self._system_metrics = SystemMetrics(self.log_metrics, system_metrics_interval_s, first)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings; nested mappings become names with dots."""
        values, known = _flatten(params), self._past.params
        later = {f"later.{name}": value for name, value in values.items() if known.get(name, value) != value}
        new = {name: value for name, value in values.items() if name not in known}
        known |= new
        self._append("params", values=new)
        self._append("tags", values=later)

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Record numbers of one step; NaN and infinities are kept."""
        step, last = int(step), self._past.last_steps
        values = {name: encode_number(value) for name, value in metrics.items() if step > last.get(name, step - 1)}
        self._append("metrics", step=step, time=_now_ms(), values=values)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Record facts about the run that may change."""
        self._append("tags", values=_flatten(tags))

    def log_artifact(self, path: str | Path, folder: str = "") -> None:
        """Record a file as it is now.

        Raises
        ------
        ValueError
            If there is no file at ``path``.
        """
        if not self.is_recorded:
            return
        path, name = Path(path), Path(folder, Path(path).name).as_posix()
        if not path.is_file():
            raise ValueError(f"{path} cannot be recorded: there is no such file; write it before logging it")
        keep_file(path, self.files / name)
        self._append("artifact", path=name)

    def log_text(self, text: str, path: str) -> None:
        """Record ``text`` as the artifact ``path``."""
        self.log_bytes(redact(text).encode(), path)

    def log_bytes(self, content: bytes, path: str) -> None:
        """Record a file that exists only in memory as the artifact ``path``."""
        if self.is_recorded:
            with write_atomically(self.files / path) as kept:
                kept.write_bytes(content)
            self._append("artifact", path=path)

    def log_dataset(self, name: str, digest: str, source: str, context: str = "training", **profile: Any) -> None:
        """Record which data went in; MLflow takes 36 characters of ``digest``."""
        record = {"name": name, "digest": digest[:36], "source": redact(source), "context": context}
        self._append("dataset", **record, profile=profile)

    def log_model(self, folder: str | Path, name: str) -> None:
        """Record a model that lies ready in ``folder`` below ``files``, see ``log_cascade_model``."""
        # A job that begins anew makes no other model: one token for a run and a name.
        token, path = f"{(self._past.header or {}).get('id')}-{name}", Path(folder).relative_to(self.files).as_posix()
        self._append("model", path=path, token=token, name=name)

    def finish(self, status: Status = "FINISHED") -> None:
        """End the run; RUNNING leaves it open for a later job."""
        if self._system_metrics is not None:
            self._system_metrics.stop()
        self._append("finish", status=status, time=_now_ms())
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _append(self, kind: str, **fields: Any) -> None:
        if self._journal is not None and fields.get("values", True):
            self._journal.append({"kind": kind, **fields})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.finish("FINISHED" if kind is None else "FAILED" if issubclass(kind, Exception) else "KILLED")


def tag_run(directory: str | Path, tags: Mapping[str, Any]) -> None:
    """Add tags to a run that has ended, which leaves it ended; nothing happens where no run is recorded."""
    path = Path(directory) / FILE_NAME
    known, values = read_past(path), _flatten(tags)
    if known.header is not None and any(known.tags.get(name) != value for name, value in values.items()):
        journal = Journal(path)
        journal.append({"kind": "tags", "values": values})
        journal.close()


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Names with dots and texts without secrets."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = redact(str(value))
    return flat


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
