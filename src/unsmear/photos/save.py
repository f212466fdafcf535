"""Frames, film and a still to compare, in a folder that appears whole."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unsmear.photos.formats import register_heif
from unsmear.photos.picture import Picture
from unsmear.photos.reconstruction import Reconstruction
from unsmear.photos.side_by_side import side_by_side
from unsmear.photos.video import MAX_SIDE, write_animation, write_film

Film = Literal["mp4", "gif", "webp"]
MAX_EXIF_BYTES = 65_533
# Kinds of photo that frames can be written as, with how.
_OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": (".jpg", {"format": "JPEG", "quality": 95, "subsampling": 0}),
    "MPO": (".jpg", {"format": "JPEG", "quality": 95, "subsampling": 0}),
    "WEBP": (".webp", {"format": "WEBP", "quality": 95}),
    "AVIF": (".avif", {"format": "AVIF", "quality": 90}),
    "HEIF": (".heic", {"format": "HEIF", "quality": 95}),
    "TIFF": (".tif", {"format": "TIFF", "compression": "tiff_deflate"}),
    "BMP": (".bmp", {"format": "BMP"}),
}
_PNG: tuple[str, dict[str, Any]] = (".png", {"format": "PNG", "compress_level": 3})
_LONGEST = {"JPEG": 65_535, "WEBP": 16_383, "AVIF": 65_536, "HEIF": 16_384}
_SUFFIXES = "|".join(suffix[1:] for suffix, _ in (*_OWN.values(), _PNG))
_OURS = re.compile(rf"frame_\d+\.({_SUFFIXES})|film\.(mp4|gif|webp)|comparison\.jpg")


class TakenError(ValueError):
    """There is a folder of this name already."""


@dataclass(frozen=True)
class Output:
    """What is written of each photo.

    Parameters
    ----------
    films : kinds of film
    own_kind : frames in the photo's own kind of file instead of PNG, where it can be written
    longest : side of the film, px
    """

    films: tuple[Film, ...] = ("mp4",)
    own_kind: bool = False
    longest: int = MAX_SIDE


def save_reconstruction(
    result: Reconstruction, folder: str | Path, output: Output | None = None, overwrite: bool = False
) -> list[Path]:
    """Write the frames, the film and ``comparison.jpg``; all or nothing.

    Parameters
    ----------
    folder : to make; with ``overwrite`` it may be there, and what an earlier run wrote into it is replaced

    Returns
    -------
    the files written

    Raises
    ------
    TakenError
        If the folder is there already, or appears meanwhile.
    ValueError
        If it cannot be written.
    """
    folder, output = Path(folder), output or Output()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a folder; name another one")
    if folder.exists() and not overwrite:
        raise TakenError(f"{folder} is there already; name another folder, or overwrite it")
    parent = folder.resolve().parent
    # Named before it is made, so that no signal comes between its making and the duty to remove it.
    scratch = parent / f".unsmear-{secrets.token_hex(4)}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        scratch.mkdir(mode=0o700)
        temporary = scratch / "made"
        temporary.mkdir()
        names = [path.name for path in _write(result, temporary, output)]
        if folder.exists() and overwrite:
            _replace_files(folder, temporary, scratch / "earlier")
        else:
            temporary.rename(folder)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise TakenError(f"{folder} is there already; name another folder, or overwrite it") from None
        raise ValueError(f"{folder} cannot be written ({error.strerror or error}); name another --output") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return [folder / name for name in names]


def _replace_files(folder: Path, made: Path, earlier: Path) -> None:
    """Put what was made in the place of an earlier run's files, or leave all as it was."""
    earlier.mkdir()
    placed: list[Path] = []
    try:
        for path in list(folder.iterdir()):
            if path.is_file() and (_OURS.fullmatch(path.name) or (made / path.name).exists()):
                path.rename(earlier / path.name)
        for path in list(made.iterdir()):
            placed.append(path.rename(folder / path.name))
    except BaseException:
        for path in placed:
            path.unlink()
        for path in list(earlier.iterdir()):
            path.replace(folder / path.name)
        raise


def folder_of(photo: str, output: str | Path | None) -> Path:
    """Where a photo's folder of results goes: to ``output``, or beside the photo."""
    from unsmear.fetch import is_url

    return Path(output) if output is not None else (Path() if is_url(photo) else Path(photo).parent)


def choose_folder(photo: str, output: str | Path | None, taken: Collection[Path], overwrite: bool) -> Path:
    """Folder for a photo's results: named after it, with a number where that name is taken."""
    from unsmear.photos.sources import name_of

    parent = folder_of(photo, output)
    stem = Path(name_of(photo)).stem
    # The stem of "...png" is the folder above.
    stem = stem if stem.strip(". ") else "photo"
    # A photo without a suffix has the name of the folder.
    stem = f"{stem}_frames" if (parent / stem).is_file() else stem
    number, folder = 1, parent / stem
    # By whatever path or letters a file system calls it.
    while folder.exists() and (
        not (overwrite and folder.is_dir()) or any(each.exists() and folder.samefile(each) for each in taken)
    ):
        number += 1
        folder = parent / f"{stem}_{number}"
    return folder


def _write(result: Reconstruction, folder: Path, output: Output) -> list[Path]:
    suffix, options = _choose_kind(result, output)
    digits = len(str(max(result.numbers)))
    paths = [folder / f"frame_{number:0{digits}}{suffix}" for number in result.numbers]
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(write_picture, frame, path, result.picture, options)
            for frame, path in zip(result.frames, paths, strict=True)
        ]
        for job in jobs:
            job.result()
    comparison = folder / "comparison.jpg"
    still = side_by_side(result.blurry, result.frames[result.middle])
    write_picture(still, comparison, result.picture, {"format": "JPEG", "quality": 92})
    written = [*paths, comparison]
    if len(result.frames) > 1:
        for kind in output.films:
            film = folder / f"film.{kind}"
            if kind == "mp4":
                write_film(result.frames, film, output.longest)  # type: ignore[arg-type]
            else:
                write_animation(result.frames, film)  # type: ignore[arg-type]
            written.append(film)
    return written


def _choose_kind(result: Reconstruction, output: Output) -> tuple[str, dict[str, Any]]:
    if not output.own_kind:
        return _PNG
    suffix, options = _OWN.get(result.picture.kind, _PNG)
    return _PNG if max(result.blurry.shape) > _LONGEST.get(options["format"], 2**31) else (suffix, options)


def write_picture(pixels: np.ndarray, path: Path, picture: Picture, options: dict[str, Any]) -> None:
    """Write (H, W, 3) uint8 with the notes of the photo's camera, and sRGB's profile where the photo had one."""
    from PIL import Image, ImageCms

    if options["format"] == "HEIF":
        register_heif()
    # A JPEG has no room for more.
    if picture.exif and (options["format"] != "JPEG" or len(picture.exif) <= MAX_EXIF_BYTES):
        options = {**options, "exif": picture.exif}
    if options["format"] == "TIFF" and "exif" in options:
        # Pillow writes the notes' directories in files without compression alone.
        options = {**options, "compression": None}
    if picture.profiled:
        options = {**options, "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, **options)
