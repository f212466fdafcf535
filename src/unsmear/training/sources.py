"""Whether blurry pictures belong to the frames that they are trained with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from unsmear.frames.store import store_digest
from unsmear.training.sequences import SequenceStores


def digest_stores(sequences: Sequence[SequenceStores]) -> str:
    """Digest of all frames and blurry pictures of a training, 32 hexadecimal digits.

    The ``.json`` beside each blur store says what it holds and which frames it was rendered from.

    Raises
    ------
    ValueError
        If that is not what is there.
    """
    digests = [(store_digest(entry.frames), store_digest(entry.blur)) for entry in sequences]
    for entry, (of_frames, of_blur) in zip(sequences, digests, strict=True):
        path, note = entry.blur, Path(entry.blur).with_suffix(".json")
        if not note.exists():
            continue
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
            wanted, made = found["frames_digest"], found["blur_digest"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{note} is damaged: {error!r}; delete {path}, and it is rendered again") from error
        if made != of_blur:
            raise ValueError(
                f"{path} is not what was rendered (digest {made[:12]}, found {of_blur[:12]}); delete it, and "
                "it is rendered again"
            )
        if wanted != of_frames:
            raise ValueError(
                f"{path} was rendered from other frames than those in {entry.frames} (digest {wanted[:12]}, found "
                f"{of_frames[:12]}); delete it, and it is rendered again"
            )
    return hashlib.sha256("".join(digest for pair in digests for digest in pair).encode()).hexdigest()[:32]
