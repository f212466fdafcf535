"""Finding the released files: by name in files, folders, zips and URLs."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path

from unsmear.cascade.config import PretrainedConfig, ReleasedFile
from unsmear.fetch import fetch_file, is_url
from unsmear.files import is_ignored

_ZIP_SLACK_BYTES = 16 * 2**20


def gather_files(config: PretrainedConfig, scratch: Path) -> dict[str, Path]:
    """Path of the file of every stage; what comes from a URL or a zip is put into ``scratch``.

    Sizes and checksums are not checked here, but nothing larger than expected is unpacked.

    Raises
    ------
    ValueError
        If a source does not exist or cannot be read, or files are found nowhere.
    """
    found: dict[str, Path] = {}
    for source in config.sources:
        wanted = {stage: file for stage, file in config.files.items() if stage not in found}
        if not wanted:
            break
        path = _fetch(source, wanted, config, scratch) if is_url(source) else Path(source).expanduser()
        if path.is_dir():
            found |= {stage: hit for stage, file in wanted.items() if (hit := _find(path, file.name))}
        elif not path.exists():
            raise ValueError(f"{source} does not exist; correct the source of the released weights")
        elif stages := [stage for stage, file in wanted.items() if file.name == path.name]:
            found[stages[0]] = path
        elif zipfile.is_zipfile(path):
            found |= _unpack(path, wanted, scratch)
        else:
            names = ", ".join(file.name for file in wanted.values())
            raise ValueError(f"{source} is neither a zip nor one of {names}; keep the files' released names")
    missing = [file.name for stage, file in config.files.items() if stage not in found]
    if missing:
        raise ValueError(f"{', '.join(missing)} not found in {', '.join(config.sources)}")
    return found


def _fetch(source: str, wanted: dict[str, ReleasedFile], config: PretrainedConfig, scratch: Path) -> Path:
    name = source.split("?", 1)[0].rsplit("/", 1)[-1]
    sizes = [file.size_bytes for file in wanted.values() if file.name == name]
    limit = sizes[0] if sizes else sum(file.size_bytes for file in config.files.values()) + _ZIP_SLACK_BYTES
    path = scratch / (name if sizes else "released.zip")
    fetch_file(source, path, limit, config.timeout_s)
    return path


def _find(folder: Path, name: str) -> Path | None:
    hits = sorted([*folder.glob(name), *folder.glob(f"*/{name}")])
    if len(hits) > 1:
        raise ValueError(f"{name} is there twice, {hits[0]} and {hits[1]}; remove one of them")
    return hits[0] if hits else None


def _unpack(path: Path, wanted: dict[str, ReleasedFile], scratch: Path) -> dict[str, Path]:
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for stage, file in wanted.items():
                members = [
                    info
                    for info in archive.infolist()
                    if info.filename.replace("\\", "/").split("/")[-1] == file.name and not is_ignored(info.filename)
                ]
                if len(members) > 1:
                    raise ValueError(f"{path} holds {file.name} twice; pack it again")
                for info in members:
                    _check_member(path, info, file)
                    # The member's own path is never used: the name comes from the table.
                    found[stage] = scratch / file.name
                    with archive.open(info) as packed, found[stage].open("wb") as stream:
                        shutil.copyfileobj(packed, stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"{path} is torn or damaged ({error}); fetch it again") from None
    return found


def _check_member(path: Path, info: zipfile.ZipInfo, file: ReleasedFile) -> None:
    if info.flag_bits & 0x1:
        raise ValueError(f"{path}: {info.filename} is encrypted; pack it again without a password")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ValueError(f"{path}: {info.filename} is a link; pack the files themselves")
    if info.file_size != file.size_bytes:
        raise ValueError(
            f"{path}: {info.filename} has {info.file_size} bytes, expected {file.size_bytes}; fetch it again"
        )
