"""An S3 object as a file for random access, read in ranges."""

from __future__ import annotations

import io
from collections.abc import Callable

TAIL_BYTES = 64 * 1024
"""Bytes of the end that opening a file reads: pyarrow looks for a Parquet footer in as many."""

Fetch = Callable[[str, str | None], tuple[bytes, int, str]]
"""Return a range (`0-99`, or `-100` for the last 100) of a version (None: the newest): content, file size, version.

Raises OSError.
"""


class S3File(io.RawIOBase):
    """A file on S3. Opening it takes one request, which returns its size and its last 64 KB."""

    def __init__(self, fetch: Fetch) -> None:
        super().__init__()
        self._fetch = fetch
        self._position = 0
        self._tail, self._size, self._version = fetch(f"-{TAIL_BYTES}", None)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return `size` bytes from the position on, fewer at the end of the file; the rest of the file if negative."""
        end = self._size if size is None or size < 0 else min(self._size, self._position + size)
        content = self._range(self._position, end)
        self._position += len(content)
        return content

    def readall(self) -> bytes:
        """Return the rest of the file."""
        return self.read()

    def _range(self, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        tail_start = self._size - len(self._tail)
        if start >= tail_start:
            return self._tail[start - tail_start : end - tail_start]
        content, _, _ = self._fetch(f"{start}-{end - 1}", self._version)
        return content
