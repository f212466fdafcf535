"""Whether blurry pictures belong to the frames that they are trained with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from unsmear.frames.store import store_digest


def digest_stores(frames: Sequence[str | Path], blur: Sequence[str | Path]) -> str:
    """Digest of all stores of a training, 32 hexadecimal digits.

    The ``.json`` beside each blur store says what it holds and which frames it was rendered from.

    Raises
    ------
    ValueError
        If that is not what is there.
    """
    digests = {Path(path): store_digest(path) for path in [*frames, *blur]}
    sharp = {(path.parent.name, path.stem): path for path in map(Path, frames)}
    for path in map(Path, blur):
        note, source = path.with_suffix(".json"), sharp.get((path.parent.name, path.stem))
        if source is None or not note.exists():
            continue
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
            wanted, made = found["frames_digest"], found["blur_digest"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{note} is damaged: {error!r}; delete {path}, and it is rendered again") from error
        if made != digests[path]:
            raise ValueError(
                f"{path} is not what was rendered (digest {made[:12]}, found {digests[path][:12]}); delete it, and "
                "it is rendered again"
            )
        if wanted != digests[source]:
            raise ValueError(
                f"{path} was rendered from other frames than those in {source} (digest {wanted[:12]}, found "
                f"{digests[source][:12]}); delete it, and it is rendered again"
            )
    return hashlib.sha256("".join(digests[Path(path)] for path in [*frames, *blur]).encode()).hexdigest()[:32]
