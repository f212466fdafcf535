"""Lines of a run that fit a terminal."""

from __future__ import annotations

import logging

NUM_SHOWN = 2
MAX_REASON = 300


class ShortLists(logging.Filter):
    """Shortens what Snakemake says of a job: the first of many files, and the beginning of a long reason."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; let all pass."""
        for name in ("input", "output", "log"):
            files = getattr(record, name, None)
            if isinstance(files, list | tuple) and len(files) > NUM_SHOWN + 1:
                more = f"... and {len(files) - NUM_SHOWN} more"
                setattr(record, name, [*map(str, files[:NUM_SHOWN]), more])
        reason = str(getattr(record, "reason", None) or "")
        if len(reason) > MAX_REASON:
            record.reason = f"{reason[:MAX_REASON].rpartition(',')[0]}, ..."
        return True
