"""A training that its file describes: ``python -m unsmear.training job.json``, or one process of it by ``torchrun``."""

from __future__ import annotations

import logging
import os
import sys

from unsmear.training.job import TrainingJob
from unsmear.training.orphans import end_with_parent
from unsmear.training.train import train_here, train_stage


def main(path: str) -> None:
    """Train what the file describes, or this process's share of it."""
    rank = int(os.environ.get("RANK", 0))
    logging.basicConfig(level=logging.INFO if rank == 0 else logging.WARNING, format="%(message)s")
    try:
        job = TrainingJob.read(path)
        if "LOCAL_RANK" in os.environ:
            end_with_parent()
            train_here(job, int(os.environ["LOCAL_RANK"]))
        else:
            train_stage(job)
    except ValueError as error:
        logging.error("error: %s", error)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
