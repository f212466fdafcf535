"""The whole configuration: sections composed and checked against each other. Read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from unsmear.cascade.spec import StageSpec, check_stages
from unsmear.evaluation.config import EvaluationConfig, ReportConfig
from unsmear.frames.config import DataConfig
from unsmear.optics.config import CameraConfig
from unsmear.scenes.config import ScenesConfig
from unsmear.sweep.config import InheritConfig, SweepConfig, SweepEntry
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.secrets import redact
from unsmear.training.config import TrainingConfig


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CascadeConfig(_Section):
    """A named table of stages."""

    name: str = Field("compact", pattern=r"^[a-z0-9_]+$", description="name that systems refer to")
    stages: tuple[StageSpec, ...] = Field(min_length=1, description="stages in the order in which they run")


class SystemConfig(_Section):
    """A camera and the cascade that is trained on its pictures."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="name in files and tables: a-z, 0-9 and _")
    camera: str = Field(description="name of a camera")
    cascade: str = Field("compact", description="name of a cascade")


class Config(_Section):
    """Everything that a run of the workflow depends on."""

    name: str = Field("demo", pattern=r"^[A-Za-z0-9_.-]+$", description="name of the experiment, as in MLflow")
    seed: int = Field(0, ge=0, lt=2**31, description="of scenes, networks' first weights, and samples")
    data: DataConfig = Field(default_factory=DataConfig, description="where sharp frames come from")
    scenes: ScenesConfig = Field(default_factory=ScenesConfig, description="built-in scenes")
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, description="cameras that render blurry images")
    cascades: tuple[CascadeConfig, ...] = Field(min_length=1, description="tables of stages")
    systems: tuple[SystemConfig, ...] = Field(min_length=1, description="what is trained and compared")
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="how stages are trained")
    sweep: tuple[SweepEntry, ...] = Field((), description="searches for hyper-parameters")
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig, description="metrics")
    report: ReportConfig = Field(default_factory=ReportConfig, description="figures, videos and the page")
    tracking: TrackingConfig = Field(default_factory=TrackingConfig, description="MLflow")

    def camera(self, name: str) -> CameraConfig:
        """The camera of that name."""
        return next(camera for camera in self.cameras if camera.name == name)

    def system(self, name: str) -> SystemConfig:
        """The system of that name."""
        return next(system for system in self.systems if system.name == name)

    def stages(self, system: str) -> tuple[StageSpec, ...]:
        """Stages of a system in their order."""
        cascade = self.system(system).cascade
        return next(entry.stages for entry in self.cascades if entry.name == cascade)

    def stage(self, system: str, name: str) -> StageSpec:
        """One stage of a system."""
        return next(stage for stage in self.stages(system) if stage.name == name)

    def sweep_of(self, system: str, stage: str) -> SweepConfig | InheritConfig | None:
        """The search that decides a stage's hyper-parameters, if there is one."""
        return next((entry for entry in self.sweep if (entry.system, entry.stage) == (system, stage)), None)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Config:
        for key in ("cameras", "cascades", "systems"):
            names = [entry.name for entry in getattr(self, key)]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{key}: two entries are called {name}; rename one")
        for system in self.systems:
            if system.name == "pretrained" or system.name.startswith("input_"):
                raise ValueError(f"systems: the name {system.name} is taken by the workflow; choose another")
        return self

    @model_validator(mode="after")
    def _references_resolve(self) -> Config:
        cameras = [camera.name for camera in self.cameras]
        cascades = [cascade.name for cascade in self.cascades]
        for system in self.systems:
            _require("systems", system.name, "camera", system.camera, cameras)
            _require("systems", system.name, "cascade", system.cascade, cascades)
        for cascade in self.cascades:
            try:
                check_stages(cascade.stages, self.data.frames_per_group)
            except ValueError as error:
                raise ValueError(f"cascades: {cascade.name}: {error}") from None
        known = {stage.name for cascade in self.cascades for stage in cascade.stages}
        for name in self.training.stages:
            if name not in known:
                raise ValueError(f"training.stages: no stage is called {name}; choose among {sorted(known)}")
            self.training.hparams(name)
        return self

    @model_validator(mode="after")
    def _sweeps_resolve(self) -> Config:
        systems = [system.name for system in self.systems]
        seen = set()
        for entry in self.sweep:
            _require("sweep", entry.stage, "system", entry.system, systems)
            stages = [stage.name for stage in self.stages(entry.system)]
            _require("sweep", entry.system, "stage", entry.stage, stages)
            if (entry.system, entry.stage) in seen:
                raise ValueError(f"sweep: {entry.system}/{entry.stage} is named twice; keep one entry")
            seen.add((entry.system, entry.stage))
            if isinstance(entry, InheritConfig) and not isinstance(
                self.sweep_of(entry.inherit, entry.stage), SweepConfig
            ):
                raise ValueError(
                    f"sweep: {entry.system}/{entry.stage} inherits from {entry.inherit}, which has no sweep"
                )
        return self


def _require(section: str, owner: str, key: str, found: str, known: list[str]) -> None:
    if found not in known:
        raise ValueError(f"{section}: {owner}: {key} {found} is not defined; choose among {known}")


def load_config(values: Mapping[str, Any]) -> Config:
    """Check the values of configuration files and options.

    Raises
    ------
    ValueError
        With one line for each fault: the key's path, what is wrong, and the value found.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False):
            path = ".".join(str(part) for part in fault["loc"]) or "configuration"
            message = fault["msg"].removeprefix("Value error, ")
            # Below `tracking` there may be passwords, which must not end up in a log.
            silent = fault["type"] == "missing" or isinstance(fault["input"], dict) or path.startswith("tracking")
            found = "" if silent else f" (found {fault['input']!r})"
            lines.append(f"  {path}: {message}{found}")
        raise ValueError(redact("the configuration cannot be used:\n" + "\n".join(lines))) from None
