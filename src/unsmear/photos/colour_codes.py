"""Colours that a file names by numbers of ITU-T H.273, as HDR pictures do, instead of by a profile."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD_BYTES = 2**16
_WIDE = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_HDR = {16: "PQ", 18: "HLG"}


def describe_colour_codes(path: Path) -> list[str]:
    """What to tell of a PNG, AVIF or HEIC file whose numbers name other colours than those of sRGB."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith(b"\x89PNG"):
        place = head[: head.find(b"IDAT")].find(b"cICP")
        codes = tuple(head[place + 4 : place + 6]) if place >= 0 else ()
    else:
        place = head.find(b"colrnclx") if head[4:8] == b"ftyp" else -1
        codes = struct.unpack(">HH", head[place + 8 : place + 12]) if 0 <= place <= len(head) - 12 else ()
    if len(codes) != 2:
        return []
    primaries, transfer = codes
    if transfer in _HDR:
        return [f"its colours are HDR ({_HDR[transfer]}), which are not converted: taken as sRGB they look pale"]
    if primaries in _WIDE:
        return [f"its colours are those of {_WIDE[primaries]}, not converted: taken as sRGB they look dull"]
    return []
