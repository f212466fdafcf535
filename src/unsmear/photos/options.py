"""Options of ``unsmear reconstruct``."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import Any

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
    add(
        "--self-ensemble",
        type=int,
        choices=(1, 2, 4, 8),
        default=1,
        help="views of the photo, mirrored and turned, over which the middle frame is averaged: a little sharper, "
        "and slower; default: 1",
    )
    add("--json", action="store_true", help="print what was written, how long it took and what failed, as JSON")


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
