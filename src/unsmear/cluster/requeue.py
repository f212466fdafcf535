"""Jobs that SLURM starts again by itself."""

from __future__ import annotations

import logging
import os
import subprocess

logger = logging.getLogger(__name__)
COMMAND_SECONDS = 60


def refuse_repeated_failure() -> None:
    """End this SLURM job if it failed before and was requeued with what it had asked for, its memory among it.

    Where ``RequeueExit`` is set, SLURM starts a failed job again and again, and Snakemake, which would ask for more,
    never hears of it. Cancelled, the job is one that Snakemake submits anew. A preempted job, or one whose node
    died, goes on: accounting knows no exit code of it. So does every job where accounting cannot be asked.

    Raises
    ------
    SystemExit
        After SLURM was told to cancel the job.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if not job or os.environ.get("SLURM_RESTART_COUNT", "0") == "0":
        return
    command = ["sacct", "--duplicates", "-X", "-n", "-P", "-j", job, "-o", "State,ExitCode"]
    starts = [line.split("|") for line in _ask(command).splitlines()]
    # The last row is this start. An exit code reads 1:0, or 0:15 for a signal, of which 125 is want of memory.
    ended = [exit_code for _, exit_code in starts[:-1]]
    if not ended or (ended[-1].startswith("0:") and ended[-1] != "0:125"):
        return
    logger.warning(
        "SLURM has started job %s again after it failed (exit code %s), with as much memory and time as before; "
        "the job is cancelled, so that Snakemake submits it with more",
        job,
        ended[-1],
    )
    _ask(["scancel", job])
    raise SystemExit(1)


def _ask(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
