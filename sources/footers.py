"""Parquet footers: how many rows each file has, and which of the source's distinct layouts is its own.

One small read for each file, 64 at a time. Files by the thousand share few layouts, so a layout is parsed once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet as pq

from core.errors import BadInput
from sources.kinds import Kind
from sources.listing import SourceFile
from sources.schema_tree import columns_of
from sources.thrift import read_struct

_RARE = "BYTE_STREAM_SPLIT"
_THREADS = 64
_AT_ONCE = 8 * _THREADS
_TAIL = 1 << 16
_END = struct.Struct("<I4s")
_SCHEMA, _ROWS, _GROUPS, _ROWS_OF_GROUP = 2, 3, 4, 3


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file's footer says: its rows, the number of its layout, and whether it is encoded in a rare way.

    `is_rare`: Spark's vectorized reader lacks an encoding of its (BYTE_STREAM_SPLIT); the slower one has it.
    """

    file: SourceFile
    rows: int
    layout: int
    is_rare: bool = False


@dataclass(slots=True)
class Footers:
    """All footers, in the files' order; `layouts` are the distinct ones, each with its columns and kinds."""

    footers: tuple[Footer, ...] = ()
    layouts: list[Mapping[str, Kind]] = field(default_factory=list)

    @property
    def any_rare(self) -> bool:
        """Whether a file is encoded in a way that Spark's vectorized reader lacks."""
        return any(footer.is_rare for footer in self.footers)

    @property
    def rows(self) -> int:
        """The rows of all files."""
        return sum(footer.rows for footer in self.footers)


def read_footers(files: Sequence[SourceFile]) -> Footers:
    """Read every file's footer.

    Raises:
        BadInput: a file is not Parquet, damaged, cut off or encrypted; it names the file.
    """
    found = Footers()
    numbers: dict[str, int] = {}
    footers = []
    for file, read in _all_read(files):
        if read.layout not in numbers:
            numbers[read.layout] = len(found.layouts)
            found.layouts.append(_columns(file, read))
        footers.append(Footer(file, read.rows, numbers[read.layout], read.is_rare))
    found.footers = tuple(footers)
    return found


def read_metadata(file: SourceFile) -> pq.FileMetaData:
    """Return pyarrow's view of the footer, statistics included. Raises as pyarrow does."""
    return pq.read_metadata(pa.BufferReader(b"PAR1" + _tail(file)))


class _Read(NamedTuple):
    """A footer as it was read: `layout` is a text that is equal for equal layouts, `content` its bytes."""

    rows: int
    layout: str
    is_rare: bool
    content: bytes


def _all_read(files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, _Read]]:
    """Read all footers in order, some at a time: the bytes of all together could fill the memory."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            yield from zip(some, pool.map(_read, some), strict=True)


def _read(file: SourceFile) -> _Read:
    try:
        tail = _tail(file)
        content = _content(file, tail)
        try:
            metadata = pq.read_metadata(pa.BufferReader(b"PAR1" + tail))
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            return _read_here(file, content)
        # The first line names the object in memory.
        layout = str(metadata.schema).partition("\n")[2]
        rows = sum(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
        _check_rows(file, metadata.num_rows, rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        # What the file system says has a type of its own; Arrow's word for a broken file is a plain OSError.
        is_storage = isinstance(error, OSError) and type(error) is not OSError
        problem = "can't be read" if is_storage else "not Parquet, or damaged"
        raise BadInput(f"source file {file.name}: {problem}: {_first_line(error)}") from None
    return _Read(rows, layout, _is_rare(metadata), content)


def _is_rare(metadata: pq.FileMetaData) -> bool:
    """Look at the first row group: a writer encodes all alike."""
    if not metadata.num_row_groups:
        return False
    group = metadata.row_group(0)
    return any(_RARE in group.column(place).encodings for place in range(metadata.num_columns))


def _read_here(file: SourceFile, content: bytes) -> _Read:
    """Read a footer that pyarrow refuses, for a logical type that is newer than itself, say."""
    footer = read_struct(content)
    rows = sum(group.get(_ROWS_OF_GROUP, 0) for group in footer.get(_GROUPS, []))
    _check_rows(file, footer.get(_ROWS, 0), rows)
    return _Read(rows, repr(footer.get(_SCHEMA)), is_rare=False, content=content)


def _check_rows(file: SourceFile, said: int, counted: int) -> None:
    if said != counted or said < 0:
        raise BadInput(
            f"source file {file.name}: damaged: its footer says {said} rows, its row groups hold {counted}; "
            "write it again or leave it out of source.path."
        )


def _tail(file: SourceFile) -> bytes:
    """Return the end of the file: the footer, its length and the magic number, at least."""
    with file.filesystem.open_input_file(file.path) as stream:
        size = stream.size()
        tail = bytes(stream.read_at(min(size, _TAIL), max(size - _TAIL, 0)))
        if len(tail) < _END.size:
            return tail
        length = _END.unpack(tail[-_END.size :])[0] + _END.size
        if length > len(tail) and length <= size and tail.endswith(b"PAR1"):
            tail = bytes(stream.read_at(length, size - length))
    return tail


def _content(file: SourceFile, tail: bytes) -> bytes:
    """Return the footer itself."""
    if len(tail) < _END.size + 4:
        raise ValueError(f"it has {len(tail)} bytes")
    length, magic = _END.unpack(tail[-_END.size :])
    if magic == b"PARE":
        raise BadInput(f"source file {file.name}: its footer is encrypted; write it without encryption.")
    if magic != b"PAR1" or length + _END.size > len(tail):
        raise ValueError("it does not end as a Parquet file does")
    return tail[-_END.size - length : -_END.size]


def _columns(file: SourceFile, read: _Read) -> Mapping[str, Kind]:
    try:
        columns = columns_of(read_struct(read.content)[_SCHEMA])
    except (ValueError, KeyError) as error:
        raise BadInput(f"source file {file.name}: damaged: {_first_line(error)}") from None
    if not columns:
        raise BadInput(f"source file {file.name}: it has no column; leave it out of source.path.")
    return columns


def _first_line(error: BaseException) -> str:
    return f"{(str(error).strip() or type(error).__name__).splitlines()[0]}"
