"""What a job may say about its run, and the tracker that does not listen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from unsmear.files import write_json

Status = Literal["FINISHED", "FAILED", "KILLED", "RUNNING"]


class Tracker(Protocol):
    """What a job may say about its run."""

    @property
    def run_id(self) -> str | None:
        """MLflow's id of the run, once it is known."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings; nested mappings become names with dots."""

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Record numbers of one step; NaN and infinities are kept."""

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Record facts about the run that may change."""

    def log_artifact(self, path: str | Path, folder: str = "") -> None:
        """Record a file, or every file of a folder, as it is now."""

    def log_text(self, text: str, path: str) -> None:
        """Record ``text`` as the artifact ``path``."""

    def log_bytes(self, content: bytes, path: str) -> None:
        """Record a picture or another file that exists only in memory as the artifact ``path``."""

    def log_dataset(self, name: str, digest: str, source: str, context: str = "training", **profile: Any) -> None:
        """Record which data went in; ``digest`` has at most 36 characters."""

    def log_model(self, folder: str | Path, name: str, registered_name: str | None = None) -> None:
        """Record a model that lies ready in ``folder``, see ``log_cascade_model``."""

    def finish(self, status: Status = "FINISHED") -> None:
        """End the run; RUNNING leaves it open for a later job."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FinishingContext:
    """Finishes a run when its ``with`` block ends, with the status that fits how it ended."""

    def finish(self, status: Status = "FINISHED") -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.finish("FAILED" if issubclass(kind, Exception) else "KILLED")


class NullTracker(FinishingContext):
    """Records nothing; leaves a ``tracking.json`` that says so."""

    run_id: str | None = None

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._finished = False

    def log_params(self, params: Mapping[str, Any]) -> None: ...

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None: ...

    def set_tags(self, tags: Mapping[str, Any]) -> None: ...

    def log_artifact(self, path: str | Path, folder: str = "") -> None: ...

    def log_text(self, text: str, path: str) -> None: ...

    def log_bytes(self, content: bytes, path: str) -> None: ...

    def log_dataset(self, name: str, digest: str, source: str, context: str = "training", **profile: Any) -> None: ...

    def log_model(self, folder: str | Path, name: str, registered_name: str | None = None) -> None: ...

    def finish(self, status: Status = "FINISHED") -> None:
        if self._directory is not None and not self._finished:
            self._finished = True
            write_json(
                self._directory / "tracking.json",
                {
                    "format_version": 1,
                    "enabled": False,
                    "run_id": None,
                    "num_records": 0,
                    "synced": True,
                    "uri": None,
                },
            )
