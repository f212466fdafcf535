"""``unsmear reconstruct``: photos in, folders with frames out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from unsmear.fetch import is_url, public_url
from unsmear.files import check_folder


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
    from unsmear.photos.reconstructor import Reconstructor
    from unsmear.photos.sources import name_of

    began = time.monotonic()
    if options.output:
        check_folder(options.output, "--output")
    reconstructor = Reconstructor(
        options.camera, options.weights, options.device, options.precision, options.self_ensemble
    )
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
