"""What tracking says in a job's log."""

from __future__ import annotations

import sys

from unsmear.tracking.secrets import redact


def warn(message: str) -> None:
    """Write one line to the job's log, without secrets."""
    print(redact(f"unsmear tracking: {message}"), file=sys.stderr, flush=True)
