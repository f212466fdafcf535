"""What the report compares and shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from unsmear.config import Config
from unsmear.evaluation.config import BASELINES_OF_INPUT, BASELINES_OF_SYSTEM
from unsmear.plan import paths
from unsmear.plan.jobs import Plan
from unsmear.plan.paths import fill

FIGURES = ("psnr_per_frame", "direction", "scatter")
CAMERA_FIGURES = ("psfs", "encircled_energy", "mtf", "streak")


@dataclass(frozen=True)
class ReportPlan:
    """The compared systems and the files that the report is made of."""

    plan: Plan

    @property
    def config(self) -> Config:
        """The whole configuration."""
        return self.plan.config

    @cached_property
    def systems(self) -> list[dict[str, Any]]:
        """What is compared: each camera's plain picture, the released networks, each system with its repeats."""
        plan = self.plan
        inputs = [self._row(f"input_{camera}", "input") for camera in plan.cameras_used]
        released = [
            self._row(name, "pretrained") | {"weights": plan.final(paths.WEIGHTS, name)}
            for name in plan.evaluated
            if name not in plan.systems
        ]
        trained = [
            self._row(system.name, "trained", system.repeats)
            | ({} if plan.of_trained("", system.name) else {"label": f"As given ({_spoken(system.name)})"})
            | {
                "weights": plan.final(paths.WEIGHTS, system.name),
                "outcomes": [p for name in system.repeats for p in plan.of_trained(paths.OUTCOME, name).values()],
                "metrics": plan.of_trained(paths.METRICS, system.name),
            }
            for system in self.config.systems
        ]
        return inputs + released + trained

    def _row(self, name: str, kind: str, repeats: tuple[str, ...] = ()) -> dict[str, Any]:
        names = repeats or (name,)
        return {
            "system": name,
            "camera": self.plan.camera_of(name),
            "kind": kind,
            "per_frame": [fill(paths.PER_FRAME, evaluated=each) for each in names],
        }

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the table: what is compared, each followed by the baselines that are made from it."""
        rows = []
        for entry in self.systems:
            names = BASELINES_OF_INPUT if entry["kind"] == "input" else BASELINES_OF_SYSTEM
            rows += [entry, *({**self._beside(entry), "system": f"{entry['system']}/{name}"} for name in names)]
        return rows

    def _beside(self, entry: dict[str, Any]) -> dict[str, Any]:
        repeats = next((s.repeats for s in self.config.systems if s.name == entry["system"]), (entry["system"],))
        files = [fill(paths.BASELINES, evaluated=name) for name in repeats]
        return {"camera": entry["camera"], "kind": "baseline", "per_frame": files}

    def collect(self, *keys: str) -> list[str]:
        """All files of these keys of the compared systems."""
        found = [entry.get(key, []) for entry in self.systems for key in keys]
        return [path for files in found for path in (files.values() if isinstance(files, dict) else files)]

    def of_networks(self, pattern: str) -> dict[str, str]:
        """A file of each system that has networks, by its name."""
        return {e["system"]: fill(pattern, evaluated=e["system"]) for e in self.systems if e["kind"] != "input"}

    @cached_property
    def robustness(self) -> dict[str, str]:
        """Tables of the systems whose camera can be changed, by system."""
        return {
            system.name: fill(paths.ROBUSTNESS, evaluated=system.name)
            for system in self.config.systems
            if self.config.evaluation.robustness and self.config.camera(system.camera).has_pupil
        }

    @cached_property
    def figures(self) -> list[str]:
        """Names of the figures."""
        robustness = ["robustness"] if self.robustness else []
        curves = ["training_curves"] if self.config.trains else []
        return [*FIGURES, *robustness, *curves]

    @cached_property
    def cameras(self) -> dict[str, dict[str, str]]:
        """Files and test pictures of the cameras that are compared."""
        return {
            camera: {
                **self.plan.camera_files(camera),
                "blur": fill(paths.BLUR_FOLDER, camera=camera, split="test"),
            }
            for camera in self.plan.cameras_used
        }

    @cached_property
    def camera_figures(self) -> dict[str, list[str]]:
        """Pictures of every camera."""
        return {
            camera.name: [fill(paths.CAMERA_FIGURE, camera=camera.name, figure=name) for name in CAMERA_FIGURES]
            for camera in self.config.cameras
        }

    @cached_property
    def gallery(self) -> list[str]:
        """Stems of the gallery's files."""
        return self.config.report.gallery_names

    @cached_property
    def videos(self) -> dict[str, str]:
        """Ending of a video's name to what it shows."""
        return {"": "all systems", **{f"_{system}": system for system in self.of_networks(paths.COST)}}

    @property
    def video_suffixes(self) -> list[str]:
        """Formats of videos."""
        return ["mp4", "gif"] if self.config.report.gif else ["mp4"]

    @cached_property
    def sweep_files(self) -> list[str]:
        """What the report shows of searches."""
        names = ("trials.csv", "hparams.csv", "objective.png")
        return [f"{entry['folder']}/{name}" for entry in self.plan.trials.reports() for name in names]


def _spoken(name: str) -> str:
    """A system's name as a word of a table."""
    return name.replace("_", " ").capitalize()
