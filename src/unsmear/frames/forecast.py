"""How much disk a plan will take, before anything runs."""

from __future__ import annotations

import shutil
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unsmear.frames.archive import list_members, open_archive
from unsmear.frames.config import DataConfig
from unsmear.frames.picture_size import fit_height
from unsmear.frames.splits import SequenceRecord

GIGABYTE = 1e9
SLACK = 0.02


@dataclass(frozen=True)
class Forecast:
    """Bytes that are still to be written, and jobs, of a plan; ``peak`` is the most that lies there at once."""

    num_sequences: int
    num_downloads: int
    download_bytes: int
    store_bytes: int
    blur_bytes: int
    peak_bytes: int

    def text(self) -> str:
        """One line for people."""
        return (
            f"{self.num_sequences} sequences, {self.num_downloads} archives to fetch "
            f"({self.download_bytes / GIGABYTE:.2f} GB), frames {self.store_bytes / GIGABYTE:.2f} GB, "
            f"blurry images {self.blur_bytes / GIGABYTE:.2f} GB; "
            f"disk still needed: {self.peak_bytes / GIGABYTE:.2f} GB"
        )


def forecast_disk(
    records: Sequence[SequenceRecord],
    data: DataConfig,
    results: str | Path,
    num_cameras: int = 2,
    num_jobs: int = 1,
    scene_shape: tuple[int, int] | None = None,
) -> Forecast:
    """Bytes that the plan will still write below ``results``; what is there already is not counted.

    Parameters
    ----------
    records : see `plan_sequences`
    num_cameras : cameras that blur is rendered with
    num_jobs : downloads that run at once: so many archives lie there where `keep_archives` is false
    scene_shape : (height, width) in pixels where the source cannot be asked, as for the built-in scenes
    """
    results = Path(results)
    stores = blur = 0
    sizes: dict[str, int] = {}
    shapes: dict[str, tuple[int, int]] = {}
    for record in records:
        store = results / "frames" / record.split / f"{record.sequence}.npy"
        archive = results / "archives" / Path(record.archive).name
        if record.archive not in shapes:
            # One that cannot be read stands in the plan without frames, and fails by name when it is extracted.
            shapes[record.archive] = scene_shape or (frame_shape(record, data) if record.num_frames else (0, 0))
        frame_bytes = 3 * shapes[record.archive][0] * shapes[record.archive][1]
        if not store.exists():
            stores += record.num_frames * frame_bytes
            if data.source == "reds" and not archive.exists():
                sizes[record.archive] = _archive_bytes(record)
        groups = record.num_frames // data.frames_per_group
        folders = [path for path in (results / "blur").glob("*") if path.is_dir()]
        there = sum((path / record.split / f"{record.sequence}.npy").exists() for path in folders)
        blur += groups * frame_bytes * max(0, num_cameras - there)
    num_jobs = max(1, num_jobs)
    # A single sequence waits as loose frames while its archive is packed: twice its size for a moment.
    packed = sum(sorted((size for name, size in sizes.items() if not _is_whole(name)), reverse=True)[:num_jobs])
    # One more lies there while its frames are extracted.
    largest = sum(sorted(sizes.values(), reverse=True)[: num_jobs + 1])
    archives = packed + (sum(sizes.values()) if data.keep_archives else largest)
    peak = int((stores + blur + archives) * (1 + SLACK))
    return Forecast(len(records), len(sizes), sum(sizes.values()), stores, blur, peak)


def check_disk(forecast: Forecast, results: str | Path) -> None:
    """Refuse a plan for which the disk is too small.

    Raises
    ------
    ValueError
        Naming what is needed and what is free.
    """
    folder = Path(results).absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if forecast.peak_bytes > free:
        raise ValueError(
            f"{forecast.text()}, but {folder} has {free / GIGABYTE:.2f} GB free. Make room, put results on a larger "
            "disk, take fewer sequences (data.reds.sequences) or frames (data.max_frames), "
            "or set data.keep_archives: false"
        )


def frame_shape(record: SequenceRecord, data: DataConfig) -> tuple[int, int]:
    """(height, width) of a sequence's frames in the store, pixels.

    Raises
    ------
    ValueError
        If its archive or video cannot be read.
    """
    if data.source == "reds":
        from unsmear.frames.reds import FRAME_SHAPE

        return FRAME_SHAPE[:2]
    if data.source == "videos":
        from unsmear.frames.video import probe_video

        return probe_video(record.archive, data.videos.max_height).shape
    if data.source == "folders":
        return _folder_shape(record, data)
    with open_archive(record.archive) as archive:
        frames = list_members(archive, record.archive)[(record.part, record.sequence)]
        if not frames:
            return 0, 0
        with archive.open(frames[0][1]) as member:
            header = member.read(24)
    width, height = struct.unpack(">II", header[16:24]) if len(header) == 24 else (0, 0)
    return height, width


def _folder_shape(record: SequenceRecord, data: DataConfig) -> tuple[int, int]:
    from unsmear.frames.picture_list import list_pictures
    from unsmear.frames.picture_size import HEADER_BYTES, read_size

    with warnings.catch_warnings(action="ignore"):
        pictures = list_pictures(record.archive, data.frames_per_group, data.max_frames)
    if not pictures:
        return 0, 0
    with pictures[0].open("rb") as stream:
        height, width = read_size(stream.read(HEADER_BYTES))
    return fit_height(height, width, data.folders.max_height)


def _is_whole(archive: str) -> bool:
    return "_orig_part" in archive


def _archive_bytes(record: SequenceRecord) -> int:
    from unsmear.frames.reds import ARCHIVE_BYTES, NUM_FRAMES, SEQUENCES_PER_ARCHIVE

    if _is_whole(record.archive):
        return ARCHIVE_BYTES
    return ARCHIVE_BYTES * record.num_frames // (SEQUENCES_PER_ARCHIVE * NUM_FRAMES)
