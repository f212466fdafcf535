"""Tables of finished sequences, kept where a job that ends early does not lose them."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from unsmear.code_digest import code_digest
from unsmear.evaluation.records import SequenceFiles
from unsmear.files import sha256_of

log = logging.getLogger(__name__)

FOLDER = ".kept"
CODE = ("evaluation", "cascade", "kernels", "networks", "optics", "frames")


class KeptTables:
    """Where the tables of a job's sequences wait until all are done.

    A workflow deletes the declared outputs of a job that failed or is run again. So each table first
    lies beside them, as ``.kept/{sequence}/{digest}.csv``, and is moved when the last one is written.
    The digest covers everything that decides the table: after a change of weights, data, settings or
    code a kept table is not found.

    Parameters
    ----------
    sequences : the job's
    settings : how they are scored, as plain values
    inputs : files that all of them share, such as weights and the camera
    """

    def __init__(
        self, sequences: Sequence[SequenceFiles], settings: Mapping[str, Any], inputs: Iterable[str | Path]
    ) -> None:
        self.sequences = sequences
        described = json.dumps([settings, [sha256_of(Path(path)) for path in inputs], code_digest(*CODE)])
        self._shared = described.encode()
        self._paths: dict[Path, Path] = {}

    def path(self, files: SequenceFiles) -> Path:
        """Where the table of a sequence waits."""
        from unsmear.frames.store import store_digest

        if files.output not in self._paths:
            digest = hashlib.sha256(self._shared)
            digest.update(f"{files.split}/{files.sequence}".encode())
            for store in (files.frames, files.blur):
                digest.update(store_digest(store).encode())
            folder = files.output.parent / FOLDER / files.sequence
            self._paths[files.output] = folder / f"{digest.hexdigest()[:32]}.csv"
        return self._paths[files.output]

    def missing(self) -> list[SequenceFiles]:
        """The sequences that an earlier, unfinished job has not scored in the same way."""
        found = [files for files in self.sequences if not self.path(files).is_file()]
        if len(found) < len(self.sequences):
            kept = len(self.sequences) - len(found)
            log.info("%d of %d sequences were scored before; going on with the others", kept, len(self.sequences))
        return found

    def release(self) -> None:
        """Move all tables to where they are declared, and remove what is left of earlier jobs."""
        for files in self.sequences:
            self.path(files).replace(files.output)
            shutil.rmtree(self.path(files).parent)
        for folder in {files.output.parent / FOLDER for files in self.sequences}:
            # Other jobs' tables may wait there.
            with suppress(OSError):
                folder.rmdir()
