"""A remote file as a file object, read by byte ranges."""

from __future__ import annotations

import io
from typing import Any

from unsmear.frames.remote import MAX_RANGE_BYTES, RemoteFile
from unsmear.http import ChangedError, FetchError


class RangeReader(io.RawIOBase):
    """A remote file as a file object; asked for more, it gives no more than the bytes before ``until``."""

    def __init__(self, remote: RemoteFile) -> None:
        assert remote.size
        self.remote, self.size, self.until, self.position = remote, remote.size, remote.size, 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Position, bytes from the start."""
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as in any file; the new position. Nothing is fetched."""
        self.position = max(0, offset + (0, self.position, self.size)[whence])
        return self.position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the position on; number of bytes.

        Raises
        ------
        FetchError
            If the file has changed since it was opened, or the server gives up.
        """
        view, limit = memoryview(buffer), self.until if self.position < self.until else self.size
        first, end = self.position, min(self.position + len(view), limit)
        try:
            for block in self.remote.blocks(first, end):
                start = self.position - first
                view[start : start + len(block)] = block
                self.position += len(block)
        except ChangedError:
            raise FetchError("the file changed while it was read; run again") from None
        return max(0, end - first)

    def readall(self) -> bytes:
        """All that is left, in one answer."""
        data = bytearray(min(max(0, self.size - self.position), MAX_RANGE_BYTES))
        self.readinto(data)
        return bytes(data)


class ReadAhead(io.BufferedReader):
    """Reads a remote file ahead, and refuses what only a zip that lies about its sizes asks for."""

    def __init__(self, remote: RemoteFile, buffer_bytes: int) -> None:
        self.reader = RangeReader(remote)
        super().__init__(self.reader, buffer_bytes)

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes, or all that is left.

        Raises
        ------
        FetchError
            If that is more than an archive of frames can need.
        """
        if size is not None and size > MAX_RANGE_BYTES:
            raise FetchError(f"the zip there asks for {size} bytes at once; this is no archive of frames")
        return super().read(size)

    def forget(self) -> None:
        """Drop what was read ahead, so that it is fetched again."""
        self.seek(0, io.SEEK_END)
