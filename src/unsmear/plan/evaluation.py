"""Files and settings of the jobs that evaluate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from unsmear.cascade.config import InferenceConfig
from unsmear.fetch import is_url
from unsmear.plan import paths
from unsmear.plan.jobs import Plan
from unsmear.plan.paths import fill
from unsmear.plan.sequences import split_into_parts

INTERVALS = ("num_resamples", "confidence")


@dataclass(frozen=True)
class EvaluationPlan:
    """What is evaluated on which pictures, in parts of the test split that one job takes each."""

    plan: Plan

    @cached_property
    def parts(self) -> dict[str, list[str]]:
        """Test sequences that one evaluation job takes, by the part's name."""
        return split_into_parts(self.plan.sequences.names("test"), self.plan.config.evaluation.sequences_per_job)

    def inputs(self, part: str, system: str | None = None, camera: str = "") -> dict[str, Any]:
        """Files of one part of the test split: of a system with its weights, or of a camera's plain pictures."""
        camera, names = self.plan.camera_of(system) if system else camera, self.parts[part]
        return {
            **self.plan.camera_files(camera),
            "frames": self.plan.sequences.of_split(paths.FRAMES, "test", names),
            "blur": self.plan.blur(camera, "test", names),
            "lpips": self.lpips,
            "baselines": fill(paths.FITTED_BASELINES, evaluated=system or f"input_{camera}"),
            **({"weights": self.plan.final(paths.WEIGHTS, system)} if system else {}),
        }

    def records(self, part: str, system: str | None = None, camera: str = "") -> list[dict[str, str]]:
        """Name and files of each sequence of one part of the test split."""
        return _records("test", self.parts[part], self.inputs(part, system, camera))

    def fitting_inputs(self, system: str | None = None, camera: str = "") -> dict[str, Any]:
        """Files of the split that baselines are fitted on, with the weights of a system."""
        camera = self.plan.camera_of(system) if system else camera
        return {
            **self.plan.camera_files(camera),
            "frames": self.plan.sequences.of_split(paths.FRAMES, self.fitting_split),
            "blur": self.plan.blur(camera, self.fitting_split),
            **({"weights": self.plan.final(paths.WEIGHTS, system)} if system else {}),
        }

    def fitting_records(self, system: str | None = None, camera: str = "") -> list[dict[str, str]]:
        """Name and files of each sequence of that split."""
        split = self.fitting_split
        return _records(split, self.plan.sequences.names(split), self.fitting_inputs(system, camera))

    @property
    def fitting_split(self) -> str:
        """Split that baselines are fitted on: val, or test, in their favour, where there is nothing else."""
        return "val" if self.plan.sequences.names("val") else "test"

    def gathering_inputs(self, evaluated: str) -> dict[str, Any]:
        """Tables of all parts; for the record also data, camera and, of a system, its weights."""
        camera = self.plan.camera_of(evaluated)
        return {
            "tables": [fill(paths.PART, evaluated=evaluated, part=part) for part in self.parts],
            "frames": self.plan.sequences.of_split(paths.FRAMES, "test"),
            "blur": self.plan.blur(camera, "test"),
            **self.plan.camera_files(camera),
            "weights": self.plan.final(paths.WEIGHTS, evaluated),
        }

    @cached_property
    def robustness_frames(self) -> list[str]:
        """Stores of the first test sequences, as many as the robustness curve takes."""
        settings = self.plan.config.evaluation.robustness
        chosen = self.plan.sequences.names("test")[: settings.sequences if settings else 0]
        return self.plan.sequences.of_split(paths.FRAMES, "test", chosen)

    @property
    def lpips(self) -> list[str]:
        """Weights of the configured variants of LPIPS."""
        return [fill(paths.LPIPS, variant=variant) for variant in self.plan.config.evaluation.lpips]

    def lpips_identity(self, variant: str) -> list[Any]:
        """What makes a variant another one: its SHA-256, and whether local files are there."""
        files = self.plan.config.evaluation.lpips[variant]  # type: ignore[index]
        there = [is_url(path) or Path(path).expanduser().is_file() for path in (files.trunk, files.linear)]
        return [files.trunk_sha256, files.linear_sha256, *there]

    @cached_property
    def scoring(self) -> dict[str, Any]:
        """What of the section ``evaluation`` decides a score."""
        left_out = {"sequences_per_job", "lpips", "robustness", *INTERVALS}
        return self.plan.config.evaluation.model_dump(mode="json", exclude=left_out)

    @cached_property
    def running(self) -> dict[str, Any]:
        """What of the section ``evaluation`` decides a prediction."""
        included = {*InferenceConfig.model_fields, "batch_size", "tile_size", "tile_overlap"}
        return self.plan.config.evaluation.model_dump(mode="json", include=included)

    @cached_property
    def intervals(self) -> dict[str, Any]:
        """What of the section ``evaluation`` decides an interval."""
        return self.plan.config.evaluation.model_dump(mode="json", include={"seed", *INTERVALS})


def _records(split: str, names: list[str], files: dict[str, Any]) -> list[dict[str, str]]:
    """Name and files of each sequence, as an evaluation takes them."""
    return [
        {"split": split, "sequence": sequence, "frames": frames, "blur": blur}
        for sequence, frames, blur in zip(names, files["frames"], files["blur"], strict=True)
    ]
