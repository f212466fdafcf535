"""One training run as a value: which it is, what it reads and what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from unsmear.cascade.spec import StageSpec
from unsmear.files import write_atomically
from unsmear.section import Section
from unsmear.training.config import TrainingConfig
from unsmear.training.sequences import SequenceStores

Files = tuple[str, ...]


class TrainingJob(Section):
    """One training run, in plain values; its paths are relative to the working directory."""

    spec: StageSpec = Field(description="the stage")
    config: TrainingConfig = Field(description="what holds for all stages")
    seed: int = Field(description="of first weights and samples")
    system: str = Field(description="name of the system, for the record")
    run: str = Field(description="name of the run, {system}/{stage}/{run}")
    sweep: str | None = Field(
        None, description="folder of the sweep that this is a trial of: it belongs to its run, and failing ends it well"
    )
    camera_name: str = Field(description="name of the camera, for the record")
    camera_path: str = Field(description="camera.json of the simulated camera")
    psfs: str = Field(description="PSFs of the simulated camera")
    hparams: str = Field(description="the run's hparams.yaml")
    sequences: tuple[SequenceStores, ...] = Field(description="of the train and val splits")
    predecessors: Files = Field((), description="weights of the stages before, in their order")
    outputs: dict[str, str] = Field(
        description="weights, metrics and outcome: files to write, in one folder; with state also the state at the "
        "end, for a longer training to resume from"
    )
    tracking: dict[str, Any] = Field(description="keyword arguments of open_run but the run's own")
    start: str | None = Field(None, description="state.pt of a run with fewer steps and otherwise the same settings")
    init: str | None = Field(None, description="weights of the same network that the stage begins with")
    trunk: str | None = Field(None, description="weights of an earlier stage, whose trunk the stage begins with")
    perceptual: str | None = Field(None, description="VGG16's layers, where the perceptual loss is weighed")
    imagenet_norm: bool | None = Field(True, description="normalise colours for them as VGG16 was trained")
    threads: int = Field(1, description="CPU threads of all processes together")
    code: str = Field("", description="digest of the code, part of what a saved state must match")

    @property
    def folder(self) -> Path:
        """Where the run's files are."""
        return Path(self.outputs["weights"]).parent

    @property
    def path(self) -> Path:
        """The file ``job.json`` beside the run."""
        return self.folder / "job.json"

    def write(self) -> None:
        """Write ``job.json``, readable by its owner alone: an address in it may hold a password."""
        with write_atomically(self.path) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(self.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> TrainingJob:
        """The job in a ``job.json``.

        Raises
        ------
        ValueError
            Naming the file and what is wrong in it.
        """
        try:
            return cls.model_validate(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} does not describe a training: {error}") from error
