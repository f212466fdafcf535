"""What a finished run shows on the terminal."""

from __future__ import annotations

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
    except (KeyError, IndexError) as error:
        raise ValueError(f"{table} is no results table of this program ({error!r}); make it again") from error
    lines.append(f"Report       {results / 'report' / 'index.html'} (open it in a browser)")
    lines += [f"Video        {path}" for path in sorted((results / "report" / "videos").glob("*.mp4"))[:1]]
    lines.append(f"Table        {results / 'report' / 'table.md'}")
    store = results / "mlflow" / "mlflow.db"
    if store.exists():
        lines.append(f"MLflow UI    make mlflow (or: unsmear mlflow {results})")
    return "\n".join(lines)
