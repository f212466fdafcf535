"""Which trials a search makes, round by round, and what they leave for later trainings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from unsmear.config import Config
from unsmear.plan import paths
from unsmear.plan.paths import fill
from unsmear.sweep.config import InheritConfig, SweepConfig, trial_name

# What a trial leaves for the rounds after it, and for the choice.
_OF_TRIAL = (paths.HPARAMS, paths.METRICS, paths.OUTCOME)


@dataclass(frozen=True)
class TrialPlan:
    """The searches of an experiment and their trials' files."""

    config: Config

    def search_of(self, system: str, stage: str) -> SweepConfig | None:
        """The search that a stage is the subject of."""
        entry = self.config.sweep_of(system, stage)
        return entry if isinstance(entry, SweepConfig) else None

    def sweep_folder(self, system: str, stage: str, run: str) -> str | None:
        """Folder of the sweep that a run is a trial of; None for a final training."""
        return None if run == paths.FINAL else fill(paths.TRIALS_FOLDER, system=system, stage=stage)

    def section_of(self, system: str, stage: str) -> dict[str, Any] | None:
        """The entry of the section ``sweep`` that decides a stage's hyper-parameters, as plain values."""
        entry = self.config.sweep_of(system, stage)
        return None if entry is None else entry.model_dump(mode="json")

    def known_to(self, system: str, stage: str, round: str, trial: str) -> dict[str, Any]:
        """What of a search its trial depends on, as plain values."""
        search = self.search_of(system, stage)
        assert search is not None, "only a search has trials"
        return search.known_to(int(round), int(trial)).model_dump(mode="json")

    def basis_of(self, system: str, stage: str, round: str, trial: str) -> Any:
        """What a change of the search must leave alone for its trial to stand."""
        search = self.search_of(system, stage)
        assert search is not None, "only a search has trials"
        return search.basis_of(int(round), int(trial))

    def runs(self, system: str, stage: str, rounds: Iterable[int] | None = None) -> list[str]:
        """Runs of all trials of some rounds, numbered from 1; of all rounds by default."""
        search = self.search_of(system, stage)
        if search is None:
            return []
        return [
            f"trials/{trial_name(number, trial)}"
            for number in (range(1, len(search.rounds) + 1) if rounds is None else rounds)
            for trial in range(1, search.rounds[number - 1].trials + 1)
        ]

    def folders(self, system: str, stage: str, round: str | None = None, trial: str | None = None) -> list[str]:
        """Folders of a search's trials, or of those of the rounds before one."""
        before = None if round is None else range(1, int(round))
        return [fill(paths.RUN_FOLDER, system=system, stage=stage, run=run) for run in self.runs(system, stage, before)]

    def files(self, system: str, stage: str, round: str | None = None, trial: str | None = None) -> list[str]:
        """What these trials leave: hyper-parameters, metrics and records."""
        before = None if round is None else range(1, int(round))
        return [
            fill(pattern, system=system, stage=stage, run=run)
            for run in self.runs(system, stage, before)
            for pattern in _OF_TRIAL
        ]

    def starting_states(self, system: str, stage: str, run: str) -> list[str]:
        """Saved states of trials; which one a training resumes from, if any, stands in its hparams.yaml."""
        search = self.search_of(system, stage)
        if search is None:
            return []
        rounds = search.starting_rounds(run, self.config.hparams(system, stage).steps)
        return [fill(paths.STATE, system=system, stage=stage, run=each) for each in self.runs(system, stage, rounds)]

    @cached_property
    def runs_that_save(self) -> str:
        """Pattern of the trials that save their state for a later run; without any, one that matches nothing."""
        patterns = [
            # What stands before it makes the pattern one of this system and stage alone.
            rf"(?<=/{entry.system}/{entry.stage}/)trials/r{number}-t\d+"
            for entry in self.config.sweep
            if isinstance(entry, SweepConfig)
            for number in entry.saved_rounds(self.config.hparams(entry.system, entry.stage).steps)
        ]
        return "|".join(patterns) or r"(?!)"

    def dependents(self, system: str, stage: str) -> list[str]:
        """Systems that train the reused winner's values anew."""
        search = self.search_of(system, stage)
        return self.config.dependents(system, stage) if search is not None and search.reuse else []

    def selection_inputs(self, system: str, stage: str) -> dict[str, Any]:
        """What a choice waits for: a search's trials, or the choice of the system that it is inherited from."""
        entry = self.config.sweep_of(system, stage)
        if isinstance(entry, InheritConfig):
            return {"inherited": fill(paths.HPARAMS, system=entry.inherit, stage=entry.stage, run=paths.FINAL)}
        return {"trials": self.files(system, stage)} if entry is not None else {}

    def reports(self) -> list[dict[str, Any]]:
        """What the report shows of each search, and in which folder."""
        return [
            {
                "system": entry.system,
                "stage": entry.stage,
                "folder": fill(paths.SWEEP_REPORT, system=entry.system, stage=entry.stage),
                "dependents": self.config.dependents(entry.system, entry.stage),
            }
            for entry in self.config.sweep
            if isinstance(entry, SweepConfig)
        ]
