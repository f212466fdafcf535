"""What one training tells of itself: to its tracker while it runs, and in its files at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unsmear.cascade.checkpoint import Checkpoint, save_stage
from unsmear.optics.camera import Camera
from unsmear.tracking.run import Run, open_run
from unsmear.training.config import Hparams
from unsmear.training.job import TrainingJob
from unsmear.training.outcome import write_outcome
from unsmear.training.pictures import encode_samples
from unsmear.training.processes import Processes
from unsmear.training.resume import write_state
from unsmear.training.state import TrainingState


class RunRecord:
    """The record of one run; of several processes the first one keeps it."""

    def __init__(self, tracker: Run, key: str) -> None:
        self.tracker, self.key = tracker, key

    @classmethod
    @contextmanager
    def open(
        cls,
        job: TrainingJob,
        key: str,
        params: Mapping[str, Any],
        processes: Processes,
    ) -> Iterator[RunRecord]:
        """Record a run while the block lasts.

        Parameters
        ----------
        job : a trial belongs to the run of its sweep
        key : an unfinished run of the same key is continued
        """
        settings = job.tracking if processes.is_first else {"enabled": False}
        with open_run(job.folder, job.run, key=key, params=params, parent=job.sweep, **settings) as tracker:
            yield cls(tracker, key)

    @property
    def wants_samples(self) -> bool:
        """Whether sample pictures go anywhere."""
        return self.tracker.is_recorded

    def log_inputs(self, job: TrainingJob, data: str) -> None:
        """Record the digest of the data and the files of the camera."""
        place = str(Path(job.sequences[0].blur).parents[1])
        self.tracker.log_dataset(f"{job.camera_name} blur", data, place, sequences=len(job.sequences))
        for path in (Path(job.psfs), Path(job.camera_path), Path(job.psfs).with_suffix(".png")):
            if path.is_file():
                self.tracker.log_artifact(path, "camera")

    def log_row(self, row: Mapping[str, Any]) -> None:
        """Record one row of the table of metrics."""
        common = ("step", "split", "lr", "epoch")
        values = {f"{row['split']}.{name}": value for name, value in row.items() if name not in common}
        self.tracker.log_metrics({**values, "lr": row["lr"], "epoch": row["epoch"]}, step=row["step"])

    def log_samples(self, step: int, blurry: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> None:
        """Record pictures of a validation, (H, W, 3) and twice (K, H, W, 3) uint8 RGB."""
        self.tracker.log_bytes(encode_samples(blurry, predicted, truth), f"samples/step_{step:06d}.png")

    def write(
        self,
        outputs: Mapping[str, str],
        checkpoint: Checkpoint,
        state: TrainingState,
        key: str,
        settings: dict[str, Any],
    ) -> None:
        """Write the outputs of the run, and record them."""
        save_stage(outputs["weights"], checkpoint)
        state.table.write(Path(outputs["metrics"]))
        if "state" in outputs:
            write_state(Path(outputs["state"]), key, settings, state.capture())
        self.tracker.log_artifact(outputs["weights"])
        self.tracker.log_artifact(outputs["metrics"])

    def end(self, outcome: str, failure: Exception | None, seconds: float) -> None:
        """End the record, and say in ``outcome.json`` how the run ended and how long it took."""
        status = {"status": "finished"} if failure is None else {"status": "failed", "reason": str(failure)}
        self.tracker.set_tags(status)
        self.tracker.finish("FINISHED" if failure is None else "FAILED")
        write_outcome(outcome, key=self.key, seconds=seconds, **status)


def describe_optics(camera_path: str | Path) -> dict[str, Any]:
    """What the camera's optics are, for comparing runs: its kind, psi range and mask."""
    optics: dict[str, Any] = json.loads(Path(camera_path).read_text(encoding="utf-8"))["config"]["optics"]
    return optics


def make_checkpoint(
    state: TrainingState, hparams: Hparams, provenance: Mapping[str, Any], camera: Camera, camera_name: str
) -> Checkpoint:
    """The trained stage with its record; the batch size is the one found where it was left open."""
    described = {
        "name": camera_name,
        "energy": [float(e) for e in camera.energy],
        "symmetries": sorted(camera.symmetries),
    }
    settled = {**hparams.model_dump(mode="json"), "batch_size": state.batch_size}
    return Checkpoint(state.mean, camera.num_frames, described, settled, dict(provenance))
