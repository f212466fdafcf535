"""What one training run depends on, in plain values: the key of its states, and its seeds."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def key_of(settings: dict[str, Any]) -> str:
    """Digest of settings, hexadecimal."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def seed_of(seed: int, *names: str) -> int:
    """Seed for one purpose, so that stages do not share first weights or samples."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{'/'.join(names)}".encode()).digest()[:4])
