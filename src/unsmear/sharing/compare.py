"""``unsmear compare``: what differs between two results folders, or between two recorded runs."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from unsmear.files import check_folder, write_text

if TYPE_CHECKING:
    from unsmear.comparison.run_results import RunResults

_RUN_ID = re.compile(r"[0-9a-f]{32}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``unsmear compare``."""
    add = parser.add_argument
    add("first", metavar="A", help="results folder, or the id of a run in MLflow")
    add("second", metavar="B", help="results folder, or the id of a run in MLflow")
    add("--markdown", action="store_true", help="print Markdown, for a pull request")
    add(
        "--fail-on",
        metavar="NAMES",
        help="measures that must not be worse beyond their interval, else the status is 1; default: psnr,direction, "
        "of what is evaluated; '' for none",
    )
    add("--output", type=Path, metavar="FOLDER", help="write comparison.md there, and its two pictures")
    add("--store", default="results", help="of runs by id: results folder or address of MLflow; default: results")


def run(options: argparse.Namespace) -> int:
    """Print what differs; the status is 1 where a measure of ``--fail-on`` is worse beyond its interval.

    Raises
    ------
    ValueError
        If either cannot be read, they have nothing in common, or what ``--fail-on`` names cannot be judged.
    """
    from unsmear.comparison.changes import find_changes
    from unsmear.comparison.changes_text import describe_changes
    from unsmear.comparison.fail_on import check_judged, find_worse, measures_to_judge

    if options.output:
        check_folder(options.output, "--output")
    runs = [_read(name, options.store) for name in (options.first, options.second)]
    judged = measures_to_judge(options.fail_on, *runs)
    changes = find_changes(runs[0], runs[1])
    worse = find_worse(judged, changes)
    pictures = _draw(runs, changes, options.output) if options.output else []
    print(describe_changes(changes, options.markdown, pictures), end="")
    if options.output:
        write_text(options.output / "comparison.md", describe_changes(changes, True, pictures))
    for change in worse:
        print(f"unsmear: {change.label}: {change.measure.title} is worse beyond its interval", file=sys.stderr)
    # Said last: what differs otherwise is worth reading all the same.
    check_judged(options.fail_on, judged, changes, *runs)
    return 1 if worse else 0


def _read(name: str, store: str) -> RunResults:
    from unsmear.comparison.run_results import read_folder

    if _RUN_ID.fullmatch(name) and not Path(name).exists():
        from unsmear.comparison.recorded_run import read_recorded

        return read_recorded(name, store)
    if not Path(name).exists():
        raise ValueError(
            f"{name} does not exist; name a results folder, or the id of a run in MLflow, of 32 hexadecimal digits"
        )
    return read_folder(name)


def _draw(runs: list[RunResults], changes: object, folder: Path) -> list[str]:
    """Names of the pictures that could be drawn."""
    from unsmear.comparison.changes import Changes
    from unsmear.report.changes_figures import draw_differences, draw_panels

    assert isinstance(changes, Changes)
    names = []
    if changes.measures:
        draw_differences(changes, folder / "differences.png")
        names.append("differences.png")
    if any(run.panel for run in runs):
        draw_panels(runs, folder / "pictures.png")
        names.append("pictures.png")
    return names
