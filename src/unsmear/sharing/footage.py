"""Which source of frames somebody's footage is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unsmear.files import is_ignored
from unsmear.frames.picture_list import SUFFIXES as PICTURES
from unsmear.frames.videos import SUFFIXES


def describe_footage(
    footage: str | Path, max_frames: int | None = None, max_height: int | None = None, rate: float | None = None
) -> dict[str, Any]:
    """The section ``data`` of an experiment that tests on all of some footage.

    Parameters
    ----------
    footage : a video, a zip in REDS' layout, or a folder of either, or of folders with numbered PNG or JPG files
    max_frames : taken from the start of each sequence
    max_height : above which videos and pictures are scaled down, px
    rate : frames a second at which videos were taken, where their containers say less

    Raises
    ------
    ValueError
        If there is nothing at ``footage``, or an option is of no use for such footage.
    """
    path = Path(footage).expanduser().absolute()
    if not footage or not path.exists():
        raise ValueError(
            f"--footage: {footage or 'an empty name'} does not exist; name a video, a zip, or a folder of your frames"
        )
    check_name(path, "--footage")
    source = _source_of(path)
    if max_height is not None and source == "archives":
        raise ValueError(f"--max-height: {footage} is read as archives, whose frames keep their size; leave it out")
    if rate is not None and source != "videos":
        raise ValueError(f"--rate: {footage} is read as {source}, and only videos have a rate; leave it out")
    options = {"max_height": max_height, "rate": rate}
    chosen = {name: value for name, value in options.items() if value is not None}
    return {"source": source, "all_test": True, "max_frames": max_frames, source: {"folder": str(path), **chosen}}


def check_name(path: Path, option: str) -> None:
    """Refuse a path that Snakemake would take for a pattern.

    Raises
    ------
    ValueError
        If there is a brace in it.
    """
    if set("{}") & set(str(path)):
        raise ValueError(f"{option}: {path} holds a brace, by which Snakemake knows its patterns; rename it")


def _source_of(path: Path) -> str:
    """``archives``, ``videos`` or ``folders``, by the names of the files."""
    files = [p for p in path.iterdir() if p.is_file() and not is_ignored(p.name)] if path.is_dir() else [path]
    suffixes = {file.suffix.lower() for file in files}
    if ".zip" in suffixes and suffixes & SUFFIXES:
        raise ValueError(f"--footage: {path} holds both zips and videos; name a folder of either, or one file")
    if ".zip" in suffixes:
        return "archives"
    if suffixes & SUFFIXES:
        return "videos"
    if not path.is_dir():
        raise ValueError(
            f"--footage: {path.name} is neither a video nor a zip, by its name; name one of these, or a folder of "
            "numbered PNG or JPG files"
        )
    deeper = {p.suffix.lower(): p.parent for p in path.rglob("*") if not is_ignored(str(p.relative_to(path)))}
    if not deeper.keys() & PICTURES and (found := deeper.keys() & {".zip", *SUFFIXES}):
        raise ValueError(
            f"--footage: {path} has its videos or zips in folders below it; name one of these, such as "
            f"{deeper[min(found)]}"
        )
    return "folders"
