"""One side of a comparison from a run in MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from unsmear.comparison.measures import read_per_frame
from unsmear.comparison.run_results import RunResults
from unsmear.comparison.steps import JobCost, StepCost
from unsmear.tracking.fetch import RecordedRun, fetch_run

# Tags that tell code and data; others, such as the host, differ without a meaning.
TAGS = {"git.commit": "commit", "git.dirty": "dirty", "code.digest": "code"}
ROW = "run"
MEMORY = "system/process_memory_usage_megabytes"


def read_recorded(run_id: str, store: str) -> RunResults:
    """Read a run: of an evaluation its table, of a training its last numbers.

    Parameters
    ----------
    store : results folder with the embedded store, or address of another one

    Raises
    ------
    ValueError
        If there is no such store or run, or its artifacts cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = fetch_run(run_id, store, ("per_frame.csv", "config.yaml"), Path(folder))
        table, config = run.files.get("per_frame.csv"), run.files.get("config.yaml")
        settings = yaml.safe_load(config.read_text(encoding="utf-8")) if config else {}
        tables = {ROW: [read_per_frame(table)]} if table else {}
    name = f"{run.name} {run_id[:8]}"
    metrics = {key: value for key, value in run.metrics.items() if not key.startswith("system/")}
    return RunResults(
        name,
        {**settings, "run": dict(run.params)},
        _facts(run.tags, run.params),
        tables,
        {ROW: run.name},
        # The table tells the same with intervals.
        {} if tables else metrics,
        _steps(run),
    )


def _facts(tags: Mapping[str, str], params: Mapping[str, str]) -> dict[str, str]:
    facts = {known: tags[tag] for tag, known in TAGS.items() if tag in tags}
    versions = {tag: value for tag, value in tags.items() if tag.startswith("version.")}
    return facts | versions | ({"data_digest": params["data"]} if "data" in params else {})


def _steps(run: RecordedRun) -> list[StepCost]:
    if run.seconds is None:
        return []
    rule = run.tags.get("rule", ROW)
    return [StepCost(rule, (JobCost(rule, Path(), run.seconds, run.metrics.get(MEMORY)),))]
