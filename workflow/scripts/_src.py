"""Makes the package beside the workflow importable, and sends what a job says to its log."""

import atexit
import logging
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from unsmear.plan.paths import BENCHMARKS, RESULTS


def start(snakemake) -> None:
    """Log to the rule's log file and to the terminal; show a user's mistake as one message."""
    handlers = [logging.StreamHandler(sys.stderr)]
    if snakemake.log:
        Path(snakemake.log[0]).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(snakemake.log[0], mode="w"))
        folder, _, name = str(snakemake.log[0]).partition(f"{RESULTS}/logs/")
        if "/" in name:
            _note_machine(snakemake, Path(folder, BENCHMARKS, name).with_suffix(".json"))
        if folder:
            _locate_params(snakemake, folder)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    logging.captureWarnings(True)
    if snakemake.params.get("tracking"):
        _hide_secrets(handlers)
    sys.excepthook = _show


def _locate_params(snakemake, folder) -> None:
    """Let params name results as they lie on this machine: a bucket's have copies in ``folder``."""
    params = snakemake.params
    for name, value in params.items():
        setattr(params, name, _locate(value, folder))
    # The object itself makes new ones whenever it is asked.
    type(snakemake).params = params


def _locate(value, folder):
    if isinstance(value, str):
        return folder + value if value.startswith(f"{RESULTS}/") else value
    if isinstance(value, dict):
        return {key: _locate(each, folder) for key, each in value.items()}
    return [_locate(each, folder) for each in value] if isinstance(value, list | tuple) else value


def _note_machine(snakemake, note) -> None:
    """What a job ran on, beside its benchmark if the rule has one: Snakemake makes the folder before the job."""
    if not note.parent.is_dir():
        return

    def write() -> None:
        from unsmear.files import write_json
        from unsmear.provenance import describe_machine

        write_json(note, describe_machine(snakemake.resources.get("gpu", 0)))

    atexit.register(write)


def describe_tracking(snakemake) -> dict:
    """Where a job's run is recorded, with the job's rule, wildcards and code as tags."""
    job = {"rule": snakemake.rule, "code.digest": snakemake.params.get("code", "")}
    wildcards = {f"wildcards.{name}": value for name, value in snakemake.wildcards.items()}
    return {**snakemake.params.tracking, "tags": {**job, **wildcards}}


def _hide_secrets(handlers) -> None:
    """Mask credentials in whatever a job that knows a tracking server's address says, tracebacks included."""
    from unsmear.tracking.secrets import DiscreetFormatter

    for handler in handlers:
        handler.setFormatter(DiscreetFormatter("%(message)s"))


def _show(kind, error, trace) -> None:
    if isinstance(error, ValueError):
        logging.error("error: %s", error)
        logging.getLogger().handlers[-1].stream.flush()
        logging.debug("", exc_info=(kind, error, trace))
    else:
        logging.error("unexpected error", exc_info=(kind, error, trace))
