"""Which weights files make up a cascade, and in what order they run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unsmear.cascade.header import read_header


def find_weights(paths: Sequence[str | Path]) -> list[Path]:
    """Weights of the stages in the order in which they run.

    A folder stands for the ``{stage}/final/weights.safetensors`` below it, or the ``*.safetensors`` in it.

    Raises
    ------
    ValueError
        If a folder holds no weights, or no order of the stages works.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        inside = [path]
        if path.is_dir():
            inside = sorted(path.glob("*/final/weights.safetensors")) or sorted(path.glob("*.safetensors"))
        if not inside:
            raise ValueError(f"{path} holds no */final/weights.safetensors; name a system's folder or weights files")
        found += [path for path in inside if path not in found]
    return order_weights(found)


def order_weights(paths: Sequence[Path]) -> list[Path]:
    """Put weights files into the order in which their stages can run.

    Raises
    ------
    ValueError
        If a stage is given a frame that none predicts, or the stages are of different cameras.
    """
    headers = {path: read_header(path) for path in paths}
    cameras = {name: path for path, header in headers.items() if (name := header["camera"].get("name"))}
    if len(cameras) > 1:
        found = ", ".join(f"{path} for {name}" for name, path in cameras.items())
        raise ValueError(f"weights of different cameras are no cascade ({found}); name those of one camera")
    specs = {path: header["spec"] for path, header in headers.items()}
    ordered: list[Path] = []
    known: set[int] = set()
    while len(ordered) < len(paths):
        ready = [p for p in paths if p not in ordered and set(specs[p]["conditions_on"]) <= known]
        if not ready:
            missing = sorted({f for p in paths if p not in ordered for f in specs[p]["conditions_on"]} - known)
            raise ValueError(f"no stage among {[str(p) for p in paths]} predicts frame {missing[0]}")
        ordered.append(ready[0])
        known |= set(specs[ready[0]]["predicts"])
    return ordered
