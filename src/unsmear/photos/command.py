"""``unsmear reconstruct``: photos in, folders with frames out."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from unsmear.fetch import is_url, public_url
from unsmear.files import check_folder

_UNITS = {"": 2**30, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``unsmear reconstruct``."""
    add = parser.add_argument
    add("photos", nargs="+", metavar="photo", help="picture file, folder, pattern such as '*.jpg', or http(s) address")
    add(
        "--camera",
        choices=("standard", "masked"),
        default="standard",
        help="that took the photo; masked: through the phase mask; default: standard, any other camera",
    )
    add(
        "--weights",
        nargs="+",
        help="weights files, a system's folder or hf://user/name; photos that follow come after --",
    )
    add("--output", type=Path, metavar="FOLDER", help="where the photos' folders go; default: beside each photo")
    add("--overwrite", action="store_true", help="replace earlier results; otherwise a new folder gets a number")
    add(
        "--frames",
        type=int,
        metavar="N",
        help="default: 7; 4: the sharp middle picture alone, fast; 8 to 240: more of them in between",
    )
    add(
        "--format",
        nargs="+",
        choices=("mp4", "gif", "webp"),
        help="films to write; default: mp4, which phones play; write -- before photos that follow",
    )
    add("--own-kind", action="store_true", help="frames in the photo's own kind of file instead of PNG")
    add("--video-side", type=_at_least(64), default=1920, metavar="PX", help="longest side of the MP4; default: 1920")
    add(
        "--scale",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="shrink the photo first, 0.05 to 1: less memory and time, shorter blur; default: 1",
    )
    add(
        "--tile",
        type=_at_least(1),
        metavar="PX",
        help="as many pixels at once as a square of this side; default: by memory",
    )
    add("--memory", type=_read_bytes, metavar="SIZE", help="to take, such as 2G; default: half of what is free")
    add("--max-megapixels", type=read_bound, default=120, metavar="N", help="refuse larger pictures; default: 120")
    add("--max-megabytes", type=read_bound, default=1024, metavar="N", help="refuse larger files; default: 1024")
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default: a GPU if present")
    add(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="default: bfloat16 on a GPU that has it",
    )
    add("--json", action="store_true", help="print what was written, how long it took and what failed, as JSON")


def run(options: argparse.Namespace) -> int:
    """Reconstruct every photo; the status is 0 where all came out, 1 where some did not.

    Raises
    ------
    ValueError
        If the weights or the options are wrong: then no photo is touched.
    """
    from tqdm import tqdm

    from unsmear.photos.choice import choose_frames
    from unsmear.photos.printer import Printer
    from unsmear.photos.reconstruct import Reconstructor
    from unsmear.photos.sources import name_of

    began = time.monotonic()
    if options.output:
        check_folder(options.output, "--output")
    reconstructor = Reconstructor(options.camera, options.weights, options.device, options.precision)
    reconstructor.check(options.frames, options.scale)
    photos, records = _find_all(options.photos)
    if options.format and len(choose_frames(options.frames, reconstructor.num_frames)[1]) == 1:
        raise ValueError("--format: a single frame makes no film; leave it out, or ask for more --frames")
    taken: set[Path] = set()
    printer = Printer()
    with tqdm(disable=None, leave=False, unit="tile", file=sys.stderr) as bar:
        for number, photo in enumerate(photos, start=1):
            bar.set_description(f"{name_of(photo)} ({number} of {len(photos)})" if len(photos) > 1 else name_of(photo))
            record = _reconstruct_one(photo, options, reconstructor, taken, bar)
            records.append(record)
            if not options.json:
                for file in record.get("files", ()):
                    printer(file)
                for note in record.get("notes", ()):
                    print(f"{record['photo']}: {note}", file=sys.stderr)
    failed = [record for record in records if "error" in record]
    if options.json:
        printer(json.dumps({"photos": records, "seconds": round(time.monotonic() - began, 2)}, indent=2))
    for record in failed:
        print(f"unsmear: {record['error']}", file=sys.stderr)
    if failed and len(records) > 1:
        print(f"unsmear: {len(failed)} of {len(records)} photos failed", file=sys.stderr)
    printer.close()
    if not failed:
        return 0
    return 1 if photos else 2


def _find_all(arguments: Sequence[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """The photos of all arguments, each once, and a record of each argument that names none."""
    from unsmear.photos.sources import find_photos

    photos: list[str] = []
    records: list[dict[str, Any]] = []
    for argument in arguments:
        try:
            photos += [photo for photo in find_photos([argument]) if photo not in photos]
        except ValueError as error:
            records.append({"photo": argument, "error": str(error)})
        except OSError as error:
            text = f"{argument[:80]} cannot be looked for ({error.strerror}); name a picture file"
            records.append({"photo": argument, "error": text})
    return photos, records


def _reconstruct_one(
    photo: str, options: argparse.Namespace, reconstructor: Any, taken: set[Path], bar: Any
) -> dict[str, Any]:
    from unsmear.out_of_memory import is_out_of_memory
    from unsmear.photos.save import Output, TakenError, choose_folder, folder_of, save_reconstruction
    from unsmear.photos.sources import read_photo

    began = time.monotonic()
    max_bytes = int(options.max_megabytes * 2**20)
    shown = public_url(photo) if is_url(photo) else photo

    def show(done: int, total: int) -> None:
        bar.total, bar.n = total, done
        bar.refresh()

    try:
        # Before the minutes that a large photo takes.
        check_folder(folder_of(photo, options.output), "--output")
        picture = read_photo(photo, options.memory, int(options.max_megapixels * 1e6), max_bytes)
        result = reconstructor(picture, options.frames, options.scale, options.tile, options.memory, show)
        output = Output(tuple(options.format or ["mp4"]), options.own_kind, options.video_side)
        files: list[Path] = []
        while not files:
            folder = choose_folder(photo, options.output, taken, options.overwrite)
            with suppress(TakenError):  # by another command, meanwhile
                files = save_reconstruction(result, folder, output, options.overwrite)
    except (ValueError, OSError, MemoryError, RuntimeError) as error:
        text = str(error)
        if is_out_of_memory(error):
            text = f"{shown} does not fit into memory; close other programs, or use --scale 0.5"
        return {"photo": shown, "error": text if text.startswith(shown) else f"{shown}: {text}"}
    taken.add(folder)
    seconds = round(time.monotonic() - began, 2)
    return {"photo": shown, "files": list(map(str, files)), "notes": list(result.notes), "seconds": seconds}


def _read_bytes(text: str) -> int:
    """``2G``, ``500M`` or ``2`` (GiB) as bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip(), re.IGNORECASE)
    if not match or not 0 < float(match[1]) < 1e30:
        raise argparse.ArgumentTypeError(f"{text} is no size; give one such as 2G or 500M")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def read_bound(text: str) -> float:
    """A number above 0 whose bytes or pixels can be counted, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1e30:
        raise argparse.ArgumentTypeError(f"{text} is no bound; give a number above 0")
    return value


def _at_least(least: int) -> Any:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is no number of pixels; give {least} or more")
        return int(text)

    return read
