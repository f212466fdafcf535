"""Recording of runs: a journal beside each run, sent to MLflow without ever holding a job up."""

import os

# Before any module imports mlflow, which sends reports about its use otherwise.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.opening import open_tracker
from unsmear.tracking.provenance import collect_provenance
from unsmear.tracking.sync import sync_journals
from unsmear.tracking.tags import read_tags, tag_run
from unsmear.tracking.tracker import JournalTracker, NullTracker, Tracker

__all__ = [
    "JournalTracker",
    "NullTracker",
    "Tracker",
    "TrackingConfig",
    "collect_provenance",
    "open_tracker",
    "read_tags",
    "sync_journals",
    "tag_run",
]
