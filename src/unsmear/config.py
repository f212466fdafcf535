"""The whole configuration: sections composed and checked against each other. Read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError, model_validator

from unsmear.cascade.config import PretrainedConfig
from unsmear.cascade.jin2018 import published_stages
from unsmear.cascade.spec import StageSpec
from unsmear.cluster.config import ClusterConfig
from unsmear.config_checks import check_agreement
from unsmear.config_faults import describe_faults
from unsmear.config_systems import CascadeConfig, StageConfig, SystemConfig
from unsmear.evaluation.config import EvaluationConfig
from unsmear.frames.config import DataConfig
from unsmear.losses.config import LossesConfig
from unsmear.optics.config import CameraConfig
from unsmear.report.config import ReportConfig
from unsmear.scenes.config import ScenesConfig
from unsmear.section import Section
from unsmear.sweep.config import InheritConfig, SweepConfig, SweepEntry
from unsmear.tracking.config import TrackingConfig
from unsmear.tracking.secrets import redact
from unsmear.training.config import Hparams, TrainingConfig
from unsmear.training.scale import scale_steps
from unsmear.weights.load import shipped_file

PRETRAINED = "pretrained"  # the system of the released weights
SHIPPED = "shipped"


class Config(Section):
    """Everything that a run of the workflow depends on."""

    name: str = Field("demo", pattern=r"^[A-Za-z0-9_.-]+$", description="name of the experiment, as in MLflow")
    seed: int = Field(0, ge=0, lt=2**31, description="of scenes, networks' first weights, and samples")
    data: DataConfig = Field(default_factory=DataConfig, description="where sharp frames come from")
    scenes: ScenesConfig = Field(default_factory=ScenesConfig, description="built-in scenes")
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, description="cameras that render blurry images")
    cascades: tuple[CascadeConfig, ...] = Field(min_length=1, description="tables of stages")
    systems: tuple[SystemConfig, ...] = Field(min_length=1, description="what is trained and compared")
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="how stages are trained")
    losses: LossesConfig = Field(default_factory=LossesConfig, description="what losses need beside their weights")
    pretrained: PretrainedConfig | None = Field(
        None, description="adds the released networks as the system `pretrained`; {} takes the authors' files"
    )
    sweep: tuple[SweepEntry, ...] = Field((), description="searches for hyper-parameters")
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig, description="metrics")
    report: ReportConfig = Field(default_factory=ReportConfig, description="figures, videos and the page")
    tracking: TrackingConfig = Field(default_factory=TrackingConfig, description="MLflow")
    cluster: ClusterConfig = Field(default_factory=ClusterConfig, description="names of a SLURM cluster")
    container: str | None = Field(
        None,
        min_length=1,
        description="of rules with --sdm apptainer: an address such as docker://host/name:tag, or a .sif file",
    )

    def camera(self, name: str) -> CameraConfig:
        """The camera of that name."""
        return next(camera for camera in self.cameras if camera.name == name)

    def system(self, name: str) -> SystemConfig:
        """The system of that name, or that a repeat of that name belongs to; `pretrained` where it is configured."""
        if name == PRETRAINED and self.pretrained is not None:
            return SystemConfig(name=name, camera=self.pretrained.camera, cascade=name)
        return next(system for system in self.systems if name in system.repeats)

    def training_seed(self, name: str) -> int:
        """Seed of first weights and samples of a system or a repeat; a system's own is ``seed`` itself."""
        return self.seed + self.system(name).repeats.index(name)

    def stages(self, system: str) -> tuple[StageConfig, ...]:
        """Stages of a system in their order."""
        if system == PRETRAINED:
            return tuple(StageConfig.model_validate(spec.model_dump()) for spec in published_stages())
        cascade = self.system(system).cascade
        return next(entry.stages for entry in self.cascades if entry.name == cascade)

    def stage(self, system: str, name: str) -> StageSpec:
        """One stage of a system."""
        return next(stage.spec for stage in self.stages(system) if stage.name == name)

    def hparams(self, system: str, name: str) -> Hparams:
        """Hyper-parameters of a stage of a system, before any search."""
        changes = next(stage.training for stage in self.stages(system) if stage.name == name)
        return Hparams.model_validate({**self.training.defaults.model_dump(), **changes})

    def most_demanding_hparams(self, system: str, name: str, run: str) -> Hparams:
        """Hyper-parameters of a run of a stage, as demanding as a search may make them."""
        defaults, entry = self.hparams(system, name), self.sweep_of(system, name)
        if isinstance(entry, InheritConfig):
            entry = self.sweep_of(entry.inherit, name)
        return entry.most_demanding(defaults, run) if isinstance(entry, SweepConfig) else defaults

    def init_of(self, system: str, name: str) -> str | None:
        """File that the training of a stage starts from, or `pretrained`, or the name of an earlier stage."""
        init = next(stage.init for stage in self.stages(system) if stage.name == name)
        return str(shipped_file(self.shipped_kind(system), name)) if init == SHIPPED else init

    def is_trained(self, system: str, name: str) -> bool:
        """Whether a stage of a system is trained; one of no steps is what it begins with."""
        init = self.init_of(system, name)
        begins_whole = init is not None and init not in [stage.name for stage in self.stages(system)]
        taken = begins_whole and self.hparams(system, name).steps == 0 and self.sweep_of(system, name) is None
        return not taken

    @property
    def trains(self) -> bool:
        """Whether any stage of any system is trained."""
        return any(self.is_trained(s.name, stage.name) for s in self.systems for stage in self.stages(s.name))

    def shipped_kind(self, system: str) -> str:
        """Which of the package's weights are for the camera of a system: ``standard`` or ``masked``."""
        return "standard" if self.camera(self.system(system).camera).optics.kind == "standard" else "masked"

    def needs_motion(self, system: str, name: str) -> bool:
        """Whether any training of a stage, its trials among them, looks at the true motion."""
        weights = ("motion_weight", "angle_weight")
        return self.stage(system, name).network.kind == "motion" and any(self.weighs(system, name, w) for w in weights)

    def needs_perceptual(self, system: str, name: str) -> bool:
        """Whether any training of a stage, its trials among them, uses the perceptual loss."""
        return self.weighs(system, name, "perceptual_weight")

    def weighs(self, system: str, name: str, weight: str) -> bool:
        """Whether any training of a stage, its trials among them, has a weight of the loss above 0."""
        entry = self.sweep_of(system, name)
        if isinstance(entry, InheritConfig):
            return self.weighs(entry.inherit, name, weight)
        searched = entry is not None and weight in entry.space
        return searched or getattr(self.hparams(system, name), weight) > 0

    def sweep_of(self, system: str, stage: str) -> SweepConfig | InheritConfig | None:
        """The search that decides a stage's hyper-parameters, if there is one; repeats take their system's choice."""
        base = next((entry.name for entry in self.systems if system in entry.repeats), system)
        found = next((entry for entry in self.sweep if (entry.system, entry.stage) == (base, stage)), None)
        return found if found is None or system == base else InheritConfig(system=system, stage=stage, inherit=base)

    def dependents(self, system: str, stage: str) -> list[str]:
        """Systems and repeats that take a stage's hyper-parameters from another system."""
        entries = [self.sweep_of(name, stage) for each in self.systems for name in each.repeats]
        return [entry.system for entry in entries if isinstance(entry, InheritConfig) and entry.inherit == system]

    @model_validator(mode="after")
    def _sections_agree(self) -> Config:
        check_agreement(self)
        return self


def load_config(values: Mapping[str, Any]) -> Config:
    """Check the values of configuration files and options; steps that ``training.scale_steps`` scales are scaled here.

    Raises
    ------
    ValueError
        With one line for each fault: the key's path, what is wrong, and the value found.
    """
    try:
        config = Config.model_validate(values)
        if config.training.scale_steps != 1:
            values = scale_steps(config.model_dump(mode="json"))
            config = Config.model_validate(values)
        return config
    except ValidationError as error:
        lines = "".join(f"\n  {line}" for line in describe_faults(error, Config, values))
        raise ValueError(redact(f"the configuration cannot be used:{lines}")) from None
