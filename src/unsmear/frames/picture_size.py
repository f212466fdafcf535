"""Height and width of pictures: from the headers of PNG and JPEG, for plans, which decode nothing, and as stored."""

from __future__ import annotations

import struct
from collections.abc import Iterator

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
HEADER_BYTES = 2**18
_NO_FRAME_HEADER = {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, b"\xff\xd9"


def read_size(head: bytes) -> tuple[int, int]:
    """(height, width) in pixels by the first bytes of a file, `HEADER_BYTES` or all; zeros where they do not say."""
    if head.startswith(PNG_START) and len(head) >= 24:
        width, height = struct.unpack_from(">II", head, 16)
        return height, width
    for marker, place in _segments(head):
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return height, width
    return 0, 0


def is_cut_off(jpeg: bytes) -> bool:
    """Whether a JPEG has no end after its first scan, so that decoders fill up in gray what is missing.

    A preview in the header has an end of its own, and cameras append films and more to a picture.
    """
    scan = max((place for _, place in _segments(jpeg)), default=0)
    return jpeg.find(_END, scan) < 0


def _segments(jpeg: bytes) -> Iterator[tuple[int, int]]:
    """Markers of a JPEG and where they stand, up to the first scan."""
    place, marker = 2, 0
    while jpeg.startswith(JPEG_START) and place + 9 <= len(jpeg) and jpeg[place] == 0xFF and marker != _SCAN:
        marker = jpeg[place + 1]
        yield marker, place
        # Filling bytes stand before a marker; what follows one has its length in front.
        place += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", jpeg, place + 2)[0]


def fit_height(height: int, width: int, max_height: int | None) -> tuple[int, int]:
    """(height, width) of a picture that is scaled down to ``max_height`` where it is higher; None keeps its size."""
    if max_height is None or height <= max_height:
        return height, width
    return max_height, max(1, round(width * max_height / height))
