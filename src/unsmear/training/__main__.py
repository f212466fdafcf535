"""One of the processes of a training in several: ``torchrun ... -m unsmear.training job.json``."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

from unsmear.cascade.spec import StageSpec
from unsmear.training.config import TrainingConfig
from unsmear.training.orphans import end_with_parent
from unsmear.training.train import train_here

logger = logging.getLogger(__name__)


def main(path: str) -> None:
    """Train this process's share of what the file describes."""
    end_with_parent()
    rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    logging.basicConfig(level=logging.INFO if rank == 0 else logging.WARNING, format="%(message)s")
    values = json.loads(Path(path).read_text(encoding="utf-8"))
    spec = StageSpec.model_validate(values.pop("spec"))
    config = TrainingConfig.model_validate(values.pop("config"))
    try:
        train_here(spec=spec, config=config, local_rank=local_rank, **values)
    except ValueError as error:
        logger.error("error: %s", error)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
