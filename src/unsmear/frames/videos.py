"""The user's own videos: which file goes to which split."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from unsmear.files import is_ignored
from unsmear.frames.config import VideosConfig
from unsmear.frames.splits import ALL_SPLITS, SequenceRecord

MIN_RATE = 90.0
SUFFIXES = {
    *(".3gp", ".asf", ".avi", ".flv", ".h264", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
}


def plan_videos(
    videos: VideosConfig,
    frames_per_group: int,
    max_frames: int | None = None,
    needed: Collection[str] = ALL_SPLITS,
    all_test: bool = False,
) -> list[SequenceRecord]:
    """Give each file of the folder a number and a split; too short ones are left out with a warning.

    Files are numbered in the order of their names. One that cannot be read stays in the plan with 0
    frames, so that its extraction fails by name and the others go on.

    Parameters
    ----------
    needed : splits that must not be empty
    all_test : give the test split to all of them

    Raises
    ------
    ValueError
        If the folder is missing, names of a split are not there or in two splits, or a split is empty.
    """
    folder = Path(videos.folder).expanduser()
    if not folder.exists():
        raise ValueError(f"data.videos.folder: {folder} is no folder; name the folder with your videos")
    found = [folder] if folder.is_file() else folder.iterdir()
    files = sorted(p for p in found if p.suffix.lower() in SUFFIXES and not is_ignored(p.name) and p.is_file())
    if len(files) > 1000:
        raise ValueError(f"data.videos.folder: {len(files)} videos, at most 1000 can be numbered; move some away")
    try:
        from unsmear.frames.video import VideoFacts, count_frames, probe_video
    except ImportError as error:
        # The one source that cannot be planned with what Snakemake brings.
        raise ValueError(
            f"data.source: videos: {error.name} is missing where Snakemake runs, which counts the frames of videos "
            "first; `pip install av` there"
        ) from None

    if isinstance(videos.rate, dict) and (unknown := sorted(set(videos.rate) - {path.name for path in files})):
        raise ValueError(f"data.videos.rate: there is no {unknown[0]} in {folder}; name its files")
    usable, short, slow = [], [], []
    for number, path in enumerate(files):
        try:
            facts = probe_video(path)
            # Headers round or err by a few frames: where that decides, the frames themselves are counted.
            if facts.num_frames < 2 * frames_per_group:
                counted = count_frames(path, 2 * frames_per_group)
                facts = replace(facts, num_frames=counted)
        except ValueError:
            facts = VideoFacts(0, MIN_RATE, (0, 0))
        if 0 < facts.num_frames < frames_per_group:
            short.append(path.name)
            continue
        rate = _rate_of(path.name, videos) or facts.rate
        if rate < MIN_RATE:
            slow.append(f"{path.name} ({rate:.0f})")
        length = facts.num_frames if max_frames is None else min(facts.num_frames, max_frames)
        usable.append((path, number, length))
    if short:
        text = f"{len(short)} videos have fewer than {frames_per_group} frames and are skipped: "
        warnings.warn(text + ", ".join(short[:8]), stacklevel=2)
    if slow:
        text = f"{len(slow)} videos have fewer than {MIN_RATE:.0f} frames a second, so that their mean shows steps: "
        advice = ". If the camera took more, as for slow motion, say how many in data.videos.rate"
        warnings.warn(text + ", ".join(slow[:8]) + advice, stacklevel=2)
    names = [path.name for path, _, _ in usable]
    splits = dict.fromkeys(names, "test") if all_test else _split_files(names, short, videos)
    records = [
        SequenceRecord(splits[path.name], f"{number:03d}", str(path), "video", length)
        for path, number, length in usable
    ]
    for split in needed:
        if not any(record.split == split for record in records):
            raise ValueError(
                f"data.videos: the {split} split is empty; {folder} has {len(files)} videos, of which "
                f"{len(records)} are long enough; at least one for each of {', '.join(needed)} is needed"
            )
    return sorted(records)


def _rate_of(name: str, videos: VideosConfig) -> float | None:
    return videos.rate.get(name) if isinstance(videos.rate, dict) else videos.rate


def _split_files(usable: Sequence[str], short: Sequence[str], videos: VideosConfig) -> dict[str, str]:
    """Split of each usable file; names go before counts, and counts take from the end."""
    chosen: dict[str, str] = {}
    splits: list[tuple[str, int | tuple[str, ...]]] = [("test", videos.test), ("val", videos.val)]
    for split, wanted in sorted(splits, key=lambda pair: isinstance(pair[1], int)):
        rest = [name for name in usable if name not in chosen]
        for name in rest[-wanted:] if isinstance(wanted, int) else wanted:
            if name not in usable and name not in short:
                raise ValueError(f"data.videos.{split}: there is no {name} in {videos.folder}")
            if name in chosen:
                raise ValueError(f"data.videos: {name} is both in val and in test; name it once")
            chosen[name] = split
    return {name: chosen.get(name, "train") for name in usable}
