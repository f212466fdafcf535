"""Height and width of pictures: from the headers of PNG and JPEG, for plans, which decode nothing, and as stored."""

from __future__ import annotations

import struct

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
HEADER_BYTES = 2**18
_NO_FRAME_HEADER = {0xC4, 0xC8, 0xCC}


def read_size(head: bytes) -> tuple[int, int]:
    """(height, width) in pixels by the first bytes of a file, `HEADER_BYTES` or all; zeros where they do not say."""
    if head.startswith(PNG_START) and len(head) >= 24:
        width, height = struct.unpack_from(">II", head, 16)
        return height, width
    place = 2
    while head.startswith(JPEG_START) and place + 9 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return height, width
        # Filling bytes stand before a marker; what follows one has its length in front.
        place += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", head, place + 2)[0]
    return 0, 0


def fit_height(height: int, width: int, max_height: int | None) -> tuple[int, int]:
    """(height, width) of a picture that is scaled down to ``max_height`` where it is higher; None keeps its size."""
    if max_height is None or height <= max_height:
        return height, width
    return max_height, max(1, round(width * max_height / height))
