"""One file's footer: its number of rows and its columns' layout. Runs on the executors too, so without Spark.

pyarrow reads the rows and checks the footer. Its getters for column chunks end the whole process if a chunk is
encrypted or damaged (`ParquetException` out of a function that Cython declares to raise nothing), so the facts
about chunks are read by `sources.parquet.thrift`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import fs as pafs
from pyarrow import parquet as pq

from core.errors import InputError
from core.storage import cause_and_remedy
from sources.parquet.thrift import read_struct

_TAIL = 1 << 16
_END = struct.Struct("<I4s")
SCHEMA = 2
"""Where a footer's schema is in what `read_content` returns: FileMetaData of parquet.thrift."""

_ROWS, _GROUPS, _ENCRYPTION = 3, 4, 8
_COLUMNS, _ROWS_OF_GROUP = 1, 3
_CHUNK, _CHUNK_ENCRYPTION, _ENCODINGS = 3, 8, 2
_BYTE_STREAM_SPLIT = 9
_MAY_BE_RARE = re.compile(rb"\x19[\x15\x25\x35\x45\x55\x65\x75\x85][\x00-\x14]{0,8}?\x12", re.DOTALL)
"""ColumnMetaData's second field as it is written: a list of few 32-bit integers with BYTE_STREAM_SPLIT (9) in it."""


DAMAGE = (ValueError, TypeError, AttributeError, LookupError, OverflowError)
"""The errors of reading a damaged footer: any value may be missing or of another type."""


class Footer(NamedTuple):
    """A file's footer. `layout` is a text that is equal for equal layouts, `content` the footer's bytes.

    `is_rare`: Spark's vectorized reader lacks one of its encodings (BYTE_STREAM_SPLIT); the slower one has
    it.
    """

    rows: int
    layout: str
    is_rare: bool
    content: bytes


def read_footer(name: str, filesystem: pafs.FileSystem, path: str) -> Footer:
    """Read the footer of the file at `path`, which errors call `name`: one small request.

    Raises:
        InputError: the file is not Parquet, damaged, cut off or encrypted.
    """
    try:
        content = read_content(name, filesystem, path)
        return _footer(name, content)
    except (pa.ArrowException, OSError, *DAMAGE) as error:
        # File system errors have a type of their own; Arrow's error for a broken file is a plain OSError.
        is_storage = isinstance(error, OSError) and type(error) is not OSError
        problem = "can't be read" if is_storage else "not Parquet, or damaged"
        cause = cause_and_remedy(error, "Write it again, or leave it out of source.path")
        raise InputError(f"source file {name}: {problem}: {cause}.") from None


def read_content(name: str, filesystem: pafs.FileSystem, path: str) -> bytes:
    """Return the footer's bytes.

    Raises:
        InputError: it is encrypted as a whole.
        ValueError: the file does not end as a Parquet file does.
        OSError: it can't be read.
    """
    tail = _tail(filesystem, path)
    if len(tail) < _END.size + 4:
        raise ValueError(f"it has {len(tail)} bytes")
    length, magic = _END.unpack(tail[-_END.size :])
    if magic == b"PARE":
        raise _encrypted(name)
    if magic != b"PAR1" or length + _END.size > len(tail):
        raise ValueError("it does not end as a Parquet file does")
    return tail[-_END.size - length : -_END.size]


def chunks(content: bytes) -> Iterator[Mapping[int, Any]]:
    """Yield the metadata of each column chunk: ColumnMetaData of parquet.thrift.

    Raises:
        Exception: one of `DAMAGE`.
    """
    for column in _columns(read_struct(content)):
        chunk = column.get(_CHUNK)
        if not isinstance(chunk, dict):
            raise TypeError("the footer lacks a column's metadata")
        yield chunk


def _footer(name: str, content: bytes) -> Footer:
    end = _END.pack(len(content), b"PAR1")
    try:
        metadata = pq.read_metadata(pa.BufferReader(b"PAR1" + content + end))
        # The first line names the object in memory.
        layout = str(metadata.schema).partition("\n")[2]
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return _footer_read_here(name, content)
    if metadata.serialized_size != len(content):  # a signature follows if columns are encrypted
        _refuse_encryption(name, content)
    rows = sum(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    _check_rows(name, metadata.num_rows, rows)
    return Footer(rows, layout, _is_rare(content), content)


def _footer_read_here(name: str, content: bytes) -> Footer:
    """Read a footer that pyarrow refuses, for instance for a logical type newer than itself."""
    _refuse_encryption(name, content)
    footer = read_struct(content)
    rows = sum(map(_rows_of, _groups(footer)))
    _check_rows(name, _whole_number(footer.get(_ROWS)), rows)
    return Footer(rows, repr(footer.get(SCHEMA)), _is_rare(content), content)


def _groups(footer: Mapping[int, Any]) -> list[dict[int, Any]]:
    """Return the row groups of a footer that may be damaged: without them the file would count as empty."""
    groups = footer.get(_GROUPS)
    if not isinstance(groups, list) or len(_structs(groups)) != len(groups):
        raise TypeError("the footer lacks its row groups")
    return groups


def _rows_of(group: Mapping[int, Any]) -> int:
    return _whole_number(group.get(_ROWS_OF_GROUP))


def _whole_number(value: object) -> int:
    """Return a number of rows. The error does not show what is in its place: it may be a value of a row."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("the footer lacks its number of rows")
    return value


def _is_rare(content: bytes) -> bool:
    """Check the encodings only if the bytes may contain a rare one: parsing takes much longer than searching."""
    if not _MAY_BE_RARE.search(content):
        return False
    return any(_BYTE_STREAM_SPLIT in _list(chunk.get(_ENCODINGS)) for chunk in chunks(content))


def _refuse_encryption(name: str, content: bytes) -> None:
    footer = read_struct(content)
    if _ENCRYPTION in footer or any(_CHUNK_ENCRYPTION in column for column in _columns(footer)):
        raise _encrypted(name)


def _encrypted(name: str) -> InputError:
    return InputError(f"source file {name}: it is encrypted. Write it without Parquet's encryption.")


def _check_rows(name: str, said: int, counted: int) -> None:
    if said != counted or said < 0:
        raise InputError(
            f"source file {name}: damaged: its footer says {said} rows, its row groups hold {counted}. "
            "Write it again or leave it out of source.path."
        )


def _columns(footer: Mapping[int, Any]) -> list[dict[int, Any]]:
    return [column for group in _structs(footer.get(_GROUPS)) for column in _structs(group.get(_COLUMNS))]


def _structs(value: object) -> list[dict[int, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _tail(filesystem: pafs.FileSystem, path: str) -> bytes:
    """Return the end of the file, at least the footer, its length and the magic number."""
    with filesystem.open_input_file(path) as stream:
        size = stream.size()
        tail = bytes(stream.read_at(min(size, _TAIL), max(size - _TAIL, 0)))
        if len(tail) < _END.size:
            return tail
        length = _END.unpack(tail[-_END.size :])[0] + _END.size
        if length > len(tail) and length <= size and tail.endswith(b"PAR1"):
            tail = bytes(stream.read_at(length, size - length))
    return tail
