"""Prints what `snakemake` with the same arguments would submit to a cluster, as one line of JSON, and submits nothing.

A dry-run does not show groups. This makes the same plan for the executor of the profile and stops before its first job.
"""

from __future__ import annotations

import json
import sys

from snakemake import cli
from snakemake.dag import DAG


def show_submissions(dag: DAG) -> None:
    """Stands in for `DAG.stats`, which Snakemake calls when all is planned."""
    units = {}
    for job in dag.needrun_jobs():
        if not job.is_local:
            unit = dag.get_job_group(job) or job
            units.setdefault(id(unit), (unit, []))[1].append(job)
    rows = []
    for unit, jobs in units.values():
        resources = dict(unit.resources.items())
        asked = {name: value for name, value in resources.items() if isinstance(value, int | str)}
        rows.append({**asked, "rules": sorted({job.rule.name for job in jobs}), "jobs": len(jobs)})
    print("SUBMISSIONS", json.dumps(rows), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    DAG.stats = show_submissions
    sys.argv[0] = "snakemake"
    cli.main()
