"""What is told to a job's log."""

from __future__ import annotations

import logging
import sys

from unsmear.tracking.secrets import redact


class DiscreetFormatter(logging.Formatter):
    """Masks credentials in messages and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def warn(message: str) -> None:
    """Write one line to the job's log, without secrets."""
    print(redact(f"unsmear tracking: {message}"), file=sys.stderr, flush=True)
