"""What the jobs of a plan ask a cluster for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from unsmear.cluster.demand import (
    Demand,
    demand_of_evaluation,
    demand_of_extraction,
    demand_of_rendering,
    demand_of_training,
    store_mb,
)
from unsmear.frames.forecast import frame_shape
from unsmear.frames.splits import SequenceRecord
from unsmear.plan.jobs import Plan

REDS_SHAPE = (720, 1280)


class Input(Protocol):
    """Files of a job."""

    @property
    def size_mb(self) -> float:
        """Of all of them, megabytes; asked where they are there by then."""


@dataclass(frozen=True)
class DemandPlan:
    """Memory and time of jobs by their wildcards; each method takes the files of a job as well."""

    plan: Plan
    shapes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def shape_of(self, record: SequenceRecord) -> tuple[int, int]:
        """(height, width) of a sequence's frames; those of REDS where its source cannot be asked yet."""
        config = self.plan.config
        if config.data.source == "scenes":
            return config.scenes.height, config.scenes.width
        if record.archive not in self.shapes:
            try:
                self.shapes[record.archive] = frame_shape(record, config.data)
            except ValueError:
                self.shapes[record.archive] = REDS_SHAPE
        return self.shapes[record.archive]

    def frames_mb(self, **wildcards: str) -> float:
        """Size of a job's stores, which need not be there: they may be made in the same submission."""
        taken = self.plan.sequences.of_job(wildcards.get("split"), wildcards.get("sequence"))
        return sum(store_mb(record.num_frames, *self.shape_of(record)) for record in taken)

    def extraction(self, files: Input, **wildcards: str) -> Demand:
        """Decode sequences."""
        return demand_of_extraction(self.frames_mb(**wildcards))

    def rendering(self, files: Input, **wildcards: str) -> Demand:
        """Render blurry pictures, or estimate motion."""
        return demand_of_rendering(self.frames_mb(**wildcards))

    def training(self, files: Input, system: str, stage: str, run: str) -> Demand:
        """Train one stage."""
        config = self.plan.config
        num_workers = config.training.num_workers * max(1, config.training.gpus)
        return demand_of_training(files.size_mb, num_workers, config.most_demanding_hparams(system, stage, run))

    def evaluation(self, files: Input, **wildcards: str) -> Demand:
        """Run networks on test pictures."""
        record = next(record for record in self.plan.records if record.split == "test")
        return demand_of_evaluation(files.size_mb, self.plan.config.evaluation.batch_size, *self.shape_of(record))

    def drawing(self, files: Input, **wildcards: str) -> Demand:
        """A few test groups, by the plan: a submission's jobs are counted before their input is there."""
        tests = [record for record in self.plan.records if record.split == "test"]
        record = max(tests, key=lambda record: record.num_frames)
        shape = self.shape_of(record)
        batch_size = self.plan.config.evaluation.batch_size
        return demand_of_evaluation(store_mb(record.num_frames, *shape), batch_size, *shape)
