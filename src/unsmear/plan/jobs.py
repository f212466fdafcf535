"""What goes into each job: files and settings by the wildcards of its rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from unsmear.cascade.spec import find_predecessors
from unsmear.config import PRETRAINED, Config
from unsmear.frames.splits import SequenceRecord
from unsmear.plan import paths
from unsmear.plan.paths import fill
from unsmear.plan.sequences import SequencePlan
from unsmear.plan.trials import TrialPlan
from unsmear.scenes.photographs import list_photographs


@dataclass(frozen=True)
class Plan:
    """An experiment's jobs, from its configuration and its sequences."""

    config: Config
    records: tuple[SequenceRecord, ...]

    @cached_property
    def sequences(self) -> SequencePlan:
        """Its sequences."""
        return SequencePlan(self.records, together=self.config.data.source == "scenes")

    @cached_property
    def photographs(self) -> list[str]:
        """Photographs of one's own that scenes are made of.

        Raises
        ------
        ValueError
            If they are missing, or a split has none.
        """
        chosen = self.config.scenes.photographs
        found = {} if chosen == "builtin" else list_photographs(chosen)
        return [str(path) for paths_of_split in found.values() for path in paths_of_split]

    @cached_property
    def trials(self) -> TrialPlan:
        """The trials of its searches."""
        return TrialPlan(self.config)

    @cached_property
    def stages(self) -> list[str]:
        """Names of the stages of all cascades."""
        return sorted({stage.name for cascade in self.config.cascades for stage in cascade.stages})

    @cached_property
    def systems(self) -> list[str]:
        """What is trained: systems and their repeats."""
        return [name for system in self.config.systems for name in system.repeats]

    @cached_property
    def evaluated(self) -> list[str]:
        """What networks are evaluated for: the released ones, and all that is trained."""
        return [*([PRETRAINED] if self.config.pretrained else []), *self.systems]

    @property
    def all_evaluated(self) -> list[str]:
        """All that is evaluated: networks, and plain pictures as ``input_{camera}``."""
        return [*self.evaluated, *self.inputs]

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Cameras whose plain pictures are evaluated, by the name that these have beside the systems."""
        return {f"input_{camera}": camera for camera in self.cameras_used}

    @cached_property
    def cameras_used(self) -> list[str]:
        """Cameras whose plain pictures are evaluated."""
        return list(dict.fromkeys(self.config.system(name).camera for name in [*self.systems, *self.evaluated]))

    def camera_of(self, evaluated: str) -> str:
        """Camera of a system, or of ``input_{camera}``."""
        return self.inputs[evaluated] if evaluated in self.inputs else self.config.system(evaluated).camera

    def stages_of(self, evaluated: str) -> list[str]:
        """Names of a system's stages; a camera's plain picture has none."""
        return [] if evaluated in self.inputs else [stage.name for stage in self.config.stages(evaluated)]

    def camera_files(self, camera: str) -> dict[str, str]:
        """What the simulation of a camera writes."""
        return {"psfs": fill(paths.PSFS, camera=camera), "camera": fill(paths.CAMERA, camera=camera)}

    def blur(self, camera: str, split: str, sequences: list[str] | None = None) -> list[str]:
        """Blurry pictures of a split's sequences, or of some."""
        return self.sequences.of_split(fill(paths.BLUR, camera=camera), split, sequences)

    def final(self, pattern: str, system: str) -> list[str]:
        """A file of the final training of each stage of a system."""
        return [fill(pattern, system=system, stage=name, run=paths.FINAL) for name in self.stages_of(system)]

    def of_trained(self, pattern: str, system: str) -> dict[str, str]:
        """A file of the final training of each stage of a system that is trained, by stage."""
        names = [stage.name for stage in self.config.stages(system) if self.config.is_trained(system, stage.name)]
        return {name: fill(pattern, system=system, stage=name, run=paths.FINAL) for name in names}

    @cached_property
    def taken(self) -> str:
        """Pattern of the stages that are not trained, for a rule's wildcard; one that matches nothing without any."""
        pairs = [(system, stage.name) for system in self.systems for stage in self.config.stages(system)]
        taken = [pair for pair in pairs if not self.config.is_trained(*pair)]
        # What stands before it makes the pattern one of this system alone.
        return "|".join(rf"(?<=/{system}/){stage}" for system, stage in taken) or r"(?!)"

    def hparams(self, system: str, stage: str, **_: str) -> dict[str, Any]:
        """Hyper-parameters of a stage before any search, as plain values."""
        return self.config.hparams(system, stage).model_dump(mode="json")

    def training_inputs(self, system: str, stage: str, run: str) -> dict[str, Any]:
        """Files that a training reads."""
        camera, splits = self.camera_of(system), ("train", "val")
        predecessors = find_predecessors(self.config.stages(system), stage)
        needs_motion = self.config.needs_motion(system, stage)
        return {
            **self.starting_weights(system, stage),
            **(
                {"motion": [p for s in splits for p in self.sequences.of_split(paths.MOTION, s)]}
                if needs_motion
                else {}
            ),
            **({"perceptual": paths.PERCEPTUAL} if self.config.needs_perceptual(system, stage) else {}),
            **self.camera_files(camera),
            "frames": [path for split in splits for path in self.sequences.of_split(paths.FRAMES, split)],
            "blur": [path for split in splits for path in self.blur(camera, split)],
            "predecessors": [fill(paths.WEIGHTS, system=system, stage=name, run=paths.FINAL) for name in predecessors],
            "states": self.trials.starting_states(system, stage, run),
        }

    def training_sequences(self, system: str, stage: str, run: str) -> list[dict[str, str]]:
        """Split, name and stores of each sequence that a training reads."""
        files = self.training_inputs(system, stage, run)
        names = [(split, name) for split in ("train", "val") for name in self.sequences.names(split)]
        kinds = [kind for kind in ("frames", "blur", "motion") if kind in files]
        stores = zip(*(files[kind] for kind in kinds), strict=True)
        return [
            {"split": split, "sequence": name, **dict(zip(kinds, paths, strict=True))}
            for (split, name), paths in zip(names, stores, strict=True)
        ]

    def starting_weights(self, system: str, stage: str) -> dict[str, str]:
        """Weights that a training starts from: ``init`` of the same network, or an earlier stage's ``trunk``."""
        init = self.config.init_of(system, stage)
        if init in [entry.name for entry in self.config.stages(system)]:
            return {"trunk": fill(paths.WEIGHTS, system=system, stage=init, run=paths.FINAL)}
        if init == PRETRAINED:
            return {"init": fill(paths.WEIGHTS, system=PRETRAINED, stage=stage, run=paths.FINAL)}
        return {"init": init} if init else {}

    def taking_inputs(self, system: str, stage: str) -> dict[str, str]:
        """Weights that a stage without training is, and the camera that it is for."""
        return {**self.starting_weights(system, stage), **self.camera_files(self.camera_of(system))}

    @cached_property
    def recording(self) -> dict[str, Any]:
        """What every recorded run shares. Where records go is no part of it."""
        tracking = self.config.tracking
        values = self.config.model_dump(
            mode="json", exclude={"tracking": {"uri", "artifact_location"}, "cluster": True}
        )
        return {
            "enabled": tracking.enabled,
            "experiment": tracking.experiment or self.config.name,
            "system_metrics_interval_s": tracking.system_metrics_interval_s if tracking.system_metrics else None,
            "config_text": yaml.safe_dump(values, sort_keys=False),
        }

    @cached_property
    def config_text(self) -> str:
        """The configuration without what decides nothing about a result."""
        return yaml.safe_dump(
            self.config.model_dump(mode="json", exclude={"tracking": True, "cluster": True, "container": True}),
            sort_keys=False,
        )
