"""REDS 120 fps: which archives hold which sequences, and how to get them, checked.

Nah et al., "NTIRE 2019 Challenge on Video Deblurring and Super-Resolution: Dataset and Study", CVPRW 2019.
18 zips of 15 sequences; 500 frames of 1280 x 720 a sequence; CC BY 4.0.
"""

from __future__ import annotations

import re
from pathlib import Path

from unsmear.frames.archive import open_archive
from unsmear.frames.archives_config import Checksum, RedsConfig
from unsmear.frames.lock import ensure_writable, expected_checksum, fetching_alone, record, verify
from unsmear.frames.mirrors import copy_file, join_url, local_folder, show_mirror
from unsmear.frames.selection import NUM_SEQUENCES, select_sequences
from unsmear.frames.splits import SourceSequence

SEQUENCES_PER_ARCHIVE = 15
NUM_FRAMES = 500
ARCHIVE_BYTES = 10_000_000_000
FRAME_SHAPE = (720, 1280, 3)

_WHOLE = re.compile(r"(train|val)_orig_part(\d{1,2})\.zip")
_SINGLE = re.compile(r"(train|val)_(\d{3})(?:_first(\d+))?\.zip")


def archive_of(part: str, sequence: str) -> str:
    """Name of the official zip that holds a sequence."""
    return f"{part}_orig_part{int(sequence) // SEQUENCES_PER_ARCHIVE}.zip"


def list_reds(reds: RedsConfig, max_frames: int | None = None) -> list[SourceSequence]:
    """Sequences that `data.reds.sequences` asks for, each with the archive it will come in.

    Where all sequences of a zip are wanted, that is the zip (`train_orig_part0.zip`); else a zip of
    the sequence alone (`train_000.zip`, or `train_000_first420.zip`), fetched by byte ranges.
    """
    wanted = select_sequences(reds.sequences)
    by_archive: dict[str, int] = {}
    for part, sequence in wanted:
        by_archive[archive_of(part, sequence)] = by_archive.get(archive_of(part, sequence), 0) + 1
    first = "" if max_frames is None or max_frames >= NUM_FRAMES else f"_first{max_frames}"
    sources = []
    for part, sequence in wanted:
        whole = archive_of(part, sequence)
        is_whole = by_archive[whole] == SEQUENCES_PER_ARCHIVE
        name = whole if is_whole else f"{part}_{sequence}{first}.zip"
        sources.append(SourceSequence(part, sequence, name, NUM_FRAMES))
    return sources


def fetch_archive(name: str, output: str | Path, reds: RedsConfig) -> None:
    """Bring one archive that `list_reds` names to ``output``, from the first mirror that can give it.

    Size and SHA-256 must be those of config or of the lock file; where neither knows them, all members
    are read through and the file is recorded in the lock file. An interrupted call goes on where it
    stopped.

    Raises
    ------
    ValueError
        If no mirror gives the file, with each one's reason; or for a mismatch, a full disk, a damaged zip.
    """
    output = Path(output)
    single, whole = _SINGLE.fullmatch(name), _WHOLE.fullmatch(name)
    if single is None and whole is None:
        raise ValueError(f"{name}: no archive of REDS; they are named train_orig_part0.zip or train_000.zip")
    if single is not None and int(single[2]) >= NUM_SEQUENCES[single[1]]:
        raise ValueError(f"{name}: REDS {single[1]} has {NUM_SEQUENCES[single[1]]} sequences")
    ensure_writable(reds.lock)
    reasons = []
    with fetching_alone(name, reds.lock) as waited:
        if waited and output.is_file():
            verify(output, name, expected_checksum(name, reds.checksums, reds.lock))
            return
        for mirror in reds.mirrors:
            try:
                _fetch_checked(mirror, name, output, reds, single)
                return
            except ValueError as error:
                reasons.append(f"{show_mirror(mirror)}: {error}")
    text = "\n  ".join(reasons)
    raise ValueError(
        f"{name} could not be fetched from any of data.reds.mirrors:\n  {text}\n"
        f"Run again to go on, add a mirror, or, if the file has rightly changed, remove its entry from {reds.lock}."
    )


def _fetch_checked(mirror: str, name: str, output: Path, reds: RedsConfig, single: re.Match[str] | None) -> None:
    from unsmear.frames.partial import bytes_path, unchecked_path

    expected = expected_checksum(name, reds.checksums, reds.lock)
    # Under a name of its own, so that nothing unchecked ever stands where the workflow looks.
    unchecked = unchecked_path(output)
    had_bytes = unchecked.is_file() or bytes_path(unchecked).is_file()
    if not unchecked.is_file():
        told = _fetch_from(mirror, name, unchecked, reds, expected, single)
        expected = expected.model_copy(update={"sha256": expected.sha256 or told})
    try:
        found = verify(unchecked, name, expected)
        if expected.sha256 is None:
            _read_through(unchecked, name)
        if expected != found:
            record(name, found, reds.lock)
    except ValueError:
        unchecked.unlink()
        if not had_bytes:
            raise
        # What an earlier call left may be at fault: begin anew, once.
        _fetch_checked(mirror, name, output, reds, single)
        return
    unchecked.replace(output)
    # A job that was killed while it noted how far it had come left a temporary file of its own.
    for left in output.parent.glob(f".*{output.name}.unchecked*.tmp*"):
        left.unlink(missing_ok=True)


def _fetch_from(
    mirror: str, name: str, output: Path, reds: RedsConfig, expected: Checksum, single: re.Match[str] | None
) -> str | None:
    """Bring the file; returns its SHA-256 as far as the mirror tells it."""
    whole = name if single is None else archive_of(single[1], single[2])
    max_frames = int(single[3]) if single is not None and single[3] else None
    folder = local_folder(mirror)
    if folder is not None:
        if not (folder / whole).is_file():
            raise ValueError(f"there is no {whole}")
        if single is None:
            copy_file(folder / whole, output)
            return None
        from unsmear.frames.ranges import copy_sequence

        output.parent.mkdir(parents=True, exist_ok=True)
        with open_archive(folder / whole) as archive:
            copy_sequence(archive, whole, single[1], single[2], output, max_frames)
        return None

    from unsmear.frames.download import download_file
    from unsmear.frames.ranges import download_sequence

    url = join_url(mirror, whole)
    if single is None:
        return download_file(url, output, reds, expected.size, expected.sha256)
    download_sequence(url, single[1], single[2], output, reds, max_frames)
    return None


def _read_through(path: Path, name: str) -> None:
    """Check the CRC of every member: a file that nobody knows yet must at least be whole."""
    from unsmear.frames.archive import MAX_MEMBER_BYTES, list_members, read_member

    with open_archive(path) as archive:
        if not list_members(archive, name):
            raise ValueError(f"{name}: the zip holds no sequence in REDS layout")
        for info in archive.infolist():
            if info.file_size > MAX_MEMBER_BYTES:
                raise ValueError(f"{name}: member {info.filename} has {info.file_size} bytes, too many for a frame")
            read_member(archive, info.filename, name)
