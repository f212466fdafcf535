"""What a finished run shows on the terminal."""

from __future__ import annotations

import csv
import os
import shlex
import shutil
from pathlib import Path

from unsmear.comparison.table_summary import format_summary


def describe_results(results: str | Path) -> str:
    """The results table as text, and the files to open.

    Raises
    ------
    ValueError
        If the workflow has not made a table there.
    """
    results = Path(results)
    table = results / "report" / "table.csv"
    if not table.exists():
        raise ValueError(f"{table} does not exist; run `snakemake --cores all` first")
    try:
        lines = [format_summary(table).rstrip(), ""]
    except (KeyError, IndexError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(f"{table} is no results table of this program ({error!r}); make it again") from error
    lines.append(f"Report       {results / 'report' / 'index.html'} (open it in a browser)")
    lines += [f"Video        {path}" for path in sorted((results / "report" / "videos").glob("*.mp4"))[:1]]
    lines.append(f"Table        {results / 'report' / 'table.md'}")
    store = results / "mlflow" / "mlflow.db"
    if store.exists():
        lines.append(f"MLflow UI    {_interface_command(results)}")
    return "\n".join(lines)


def _interface_command(results: Path) -> str:
    """A command that whoever reads this has: what opens MLflow depends on how the workflow was installed."""
    if "MAKELEVEL" in os.environ:
        return "make mlflow"
    if shutil.which("unsmear"):
        return f"unsmear mlflow {shlex.quote(str(results))}"
    store = shlex.quote(f"sqlite:///{(results / 'mlflow' / 'mlflow.db').resolve()}")
    environments = sorted(Path(".snakemake", "conda").glob("*/bin/mlflow"))
    if environments:
        # Run as a module: the first line of the file may name a path that is too long for the system.
        return f"{environments[0].parent / 'python'} -m mlflow ui --backend-store-uri {store}"
    return f"mlflow ui --backend-store-uri {store} (in an environment with mlflow)"
