"""Starting to record a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unsmear.files import write_json
from unsmear.tracking.background import BackgroundSender
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.destination import resolve_destination
from unsmear.tracking.journal import FILE_NAME, read_header
from unsmear.tracking.past import put_aside_other_run
from unsmear.tracking.provenance import collect_provenance, describe_environment
from unsmear.tracking.reporting import warn
from unsmear.tracking.state import read_state, summarise
from unsmear.tracking.system_metrics import SystemMetrics
from unsmear.tracking.tracker import JournalTracker, NullTracker, Tracker


def open_tracker(
    config: TrackingConfig | Mapping[str, Any],
    root: str | Path,
    directory: str | Path,
    experiment: str,
    run_name: str,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    parent: str | Path | None = None,
    resume_key: str | None = None,
    reopen: bool = False,
    repository: Path | None = None,
    config_text: str | None = None,
    job: Mapping[str, Any] | None = None,
) -> Tracker:
    """Record a run; use the result in a ``with`` block, which ends the run.

    Parameters
    ----------
    config : the `tracking` section of the configuration, or its values
    root : results folder
    directory : folder of this run, where ``tracking.jsonl`` and, at the end, ``tracking.json`` are written
    experiment : name of the experiment, unless ``config`` names one
    run_name : ``{system}/{stage}/{run}``
    params, tags : settings and facts to record at once; provenance is added to the tags
    parent : folder of the run that this one belongs to (a sweep's); it must have been opened before
    resume_key : what the run depends on (a digest of settings and data). An unfinished run of the same key in
        ``directory`` is continued under its own id; without a key, or with another, a new run begins and the
        earlier journal moves to ``earlier_runs/``.
    reopen : continue a run of the same key that has finished, too
    repository : source tree whose commit is recorded; None takes the one this package lies in
    config_text : the resolved configuration, recorded as ``config.yaml`` with an ``environment.txt``
    job : facts about the job that records, such as its rule and wildcards; more tags

    Raises
    ------
    ValueError
        If another process records a run in ``directory`` right now.
    """
    directory, root = Path(directory), Path(root)
    config = TrackingConfig.model_validate(config)
    if not config.enabled:
        return NullTracker(directory)
    destination = resolve_destination(config, root)
    put_aside_other_run(directory, resume_key, reopen)
    parent = Path(parent) if parent is not None else None
    if parent is not None and not (parent / FILE_NAME).exists():
        warn(f"no run is recorded in {parent}; {run_name} is recorded without a parent")
        parent = None

    send = config.send
    if send != "later" and destination.is_unsafe_here:
        send = "later"
    sender = BackgroundSender(config, root, directory) if send != "later" else None
    parts: list[SystemMetrics] = []

    def run_id() -> str | None:
        header = read_header(directory / FILE_NAME)
        return read_state(directory, header["key"], destination.public).run_id

    def end() -> None:
        if sender is not None:
            sender.finish(destination.patience * config.finish_wait_s)
        summary = summarise(directory, destination.public)
        write_json(directory / "tracking.json", summary)
        if not summary["synced"] and send != "later":
            warn(f"records of {run_name} wait in {directory / FILE_NAME}; `snakemake sync_tracking` sends them")

    tracker = _TrackerWithParts(
        directory,
        run_name,
        config.experiment or experiment,
        parent=parent,
        resume_key=resume_key,
        on_finish=end,
        find_run_id=run_id,
        parts=parts,
    )
    tracker.set_tags({**collect_provenance(repository), **(job or {}), **(tags or {})})
    tracker.log_params(params or {})
    if config_text is not None:
        tracker.log_text(config_text, "config.yaml")
        tracker.log_text(describe_environment(), "environment.txt")
    if config.system_metrics:
        parts.append(SystemMetrics(tracker, config.system_metrics_interval_s, tracker.next_step))
    if sender is not None and send == "background":
        sender.start()
    return tracker


class _TrackerWithParts(JournalTracker):
    """A journal whose helpers stop before its last record is written."""

    def __init__(self, *arguments: Any, parts: list[SystemMetrics], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._parts = parts

    def finish(self, status: Any = "FINISHED") -> None:
        for part in self._parts:
            part.stop()
        super().finish(status)
