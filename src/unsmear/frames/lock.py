"""What a fetched file must be: checksums from config, and a lock file of what came at first."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from unsmear.fetch import MismatchError, check_file
from unsmear.files import write_json
from unsmear.frames.archives_config import Checksum

if TYPE_CHECKING:
    from filelock import FileLock

FORMAT = 1

log = logging.getLogger(__name__)


def read_lock(path: str | Path) -> dict[str, Checksum]:
    """Entries of a lock file by archive name; none where there is no file.

    Raises
    ------
    ValueError
        If the file is no lock file.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, expected {FORMAT}")
        return {name: Checksum(**entry) for name, entry in content["files"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise ValueError(f"{path}: not a lock file ({reason}); restore or delete it") from None


def expected_checksum(name: str, checksums: Mapping[str, Checksum], lock: str | Path) -> Checksum:
    """What is known of a file; config goes before the lock file.

    Raises
    ------
    ValueError
        If the two contradict each other.
    """
    configured, locked = checksums.get(name, Checksum()), read_lock(lock).get(name, Checksum())
    for key in ("size", "sha256"):
        one, other = getattr(configured, key), getattr(locked, key)
        if one is not None and other is not None and one != other:
            raise ValueError(f"{name}: data.reds.checksums says {key} {one}, {lock} says {other}; correct one of them")
    return Checksum(size=configured.size or locked.size, sha256=configured.sha256 or locked.sha256)


def verify(path: Path, name: str, expected: Checksum) -> Checksum:
    """What a file is, after comparing it with what is known of it; see :func:`unsmear.fetch.check_file`."""
    size, sha256 = check_file(path, expected.size, expected.sha256, name)
    return Checksum(size=size, sha256=sha256)


def record(name: str, found: Checksum, lock: str | Path) -> None:
    """Add an entry to the lock file; several jobs may do so at once.

    Raises
    ------
    MismatchError
        If another job has meanwhile recorded something else.
    """
    lock = Path(lock)
    with _guard(lock, "lock"):
        entries = read_lock(lock)
        known = entries.setdefault(name, found)
        if known != found:
            raise MismatchError(f"{name}: sha256 {found.sha256} found, {known.sha256} expected by {lock}")
        files = {key: entries[key].model_dump() for key in sorted(entries)}
        write_json(lock, {"format": FORMAT, "files": files})


def ensure_writable(lock: str | Path) -> None:
    """Refuse to fetch what could not be recorded afterwards.

    Raises
    ------
    ValueError
        Naming the lock file.
    """
    lock = Path(lock)
    try:
        with _guard(lock, "lock"):
            pass
    except OSError as error:
        raise ValueError(
            f"data.reds.lock: {lock} cannot be written ({error.strerror}); name a file in a folder of your own"
        ) from None


@contextmanager
def fetching_alone(name: str, lock: str | Path) -> Iterator[bool]:
    """Wait while another process fetches ``name``, and say whether one did: jobs may outlive their workflow."""
    from filelock import Timeout

    guard, waited = _guard(Path(lock), name), False
    try:
        guard.acquire(timeout=0)
    except Timeout:
        log.warning("%s is being fetched by another process; waiting for it", name)
        guard.acquire()
        waited = True
    try:
        yield waited
    finally:
        guard.release()


def _guard(lock: Path, name: str) -> FileLock:
    """A lock that ends with the process that holds it; locks lie in a hidden folder beside the lock file."""
    from filelock import FileLock  # plans are made without it

    folder = lock.with_name(f".{lock.name}.guards.tmp")
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / name)
