"""What is said and checked when a run of the workflow begins, and what it shows when it ends."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from unsmear.frames.forecast import check_disk, forecast_disk
from unsmear.plan.checks import find_former_files
from unsmear.plan.forecast import PlannedJob, forecast_time
from unsmear.plan.jobs import Plan
from unsmear.results import describe_results


class Logger(Protocol):
    """Where lines for people go."""

    def info(self, line: str) -> object:
        """Tell something."""

    def warning(self, line: str) -> object:
        """Tell something that may be unwanted."""


def begin_run(plan: Plan, results: str, jobs: Iterable[PlannedJob], cores: int | None, logger: Logger) -> None:
    """Say what the run will write and how long it will take, and stop one that cannot end well.

    Parameters
    ----------
    results : folder
    cores : of this machine that share the jobs; None where a cluster runs them

    Raises
    ------
    ValueError
        If the disk is too small, or the address of the tracking store cannot be understood.
    """
    if former := find_former_files(results):
        logger.warning(former)
    config = plan.config
    shape = (config.scenes.height, config.scenes.width) if config.data.source == "scenes" else None
    # As the profile allows. A submission extracts sequences of several archives, and waits for all of them.
    num_downloads = len(plan.records) if cores is None else min(2, cores)
    forecast = forecast_disk(plan.records, config.data, results, len(config.cameras), num_downloads, shape)
    logger.info(f"Data: {forecast.text()}.")
    if time := forecast_time(jobs, f"{results}/benchmarks", cores):
        logger.info(f"Time: {time}.")
    check_disk(forecast, results)
    if config.tracking.enabled:
        config.tracking.resolve(Path(results))


def show_results(results: str) -> None:
    """Print the table and the files to open; `make demo`, which prints them itself, says no."""
    wanted = os.environ.get("UNSMEAR_SHOW_RESULTS", "1") != "0"
    if wanted and Path(results, "report/table.csv").exists():
        print(describe_results(results))
