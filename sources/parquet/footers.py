"""The source's footers: each file's number of rows and its layout among the source's distinct layouts.

Files by the thousand share few layouts, so a layout is parsed once, and little is kept of a file. A few
files are read here, in threads; many on the executors, see `executors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from core.errors import InputError, first_line
from sources.listing import SourceFile
from sources.parquet.footer_reading import DAMAGE, SCHEMA, Footer, read_footer
from sources.parquet.kinds import Kind
from sources.parquet.schema_tree import columns_of, has_rare_decimals
from sources.parquet.thrift import read_struct

_THREADS = 64
_AT_ONCE = 8 * _THREADS


class FileFooter(NamedTuple):
    """The part of a file's footer that is kept: its rows, and the number of its layout."""

    file: SourceFile
    rows: int
    layout: int


@dataclass(slots=True)
class Footers:
    """All footers, in the files' order; `layouts` are the distinct ones, each with its columns and kinds.

    `any_rare`: a file is written in a way that Spark's vectorized reader can't read.
    """

    footers: tuple[FileFooter, ...] = ()
    layouts: list[Mapping[str, Kind]] = field(default_factory=list)
    any_rare: bool = False

    @property
    def rows(self) -> int:
        """Return the rows of all files."""
        return sum(footer.rows for footer in self.footers)


ReadAll = Callable[[Sequence[SourceFile]], Iterator[Footer]]
"""Yield the footer of each file, in their order; `content` may be empty where an earlier footer has the same layout."""


def read_here(files: Sequence[SourceFile]) -> Iterator[Footer]:
    """Read footers in this process, 64 at a time.

    Raises:
        InputError: see `footer_reading.read_footer`.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        # In batches: the bytes of all together could fill the memory.
        for start in range(0, len(files), _AT_ONCE):
            yield from pool.map(_read, files[start : start + _AT_ONCE])


def read_footers(files: Sequence[SourceFile], read_all: ReadAll = read_here) -> Footers:
    """Read every file's footer.

    Raises:
        InputError: a file is not Parquet, damaged, cut off or encrypted; it names the file.
    """
    found = Footers()
    numbers: dict[str, int] = {}
    footers = []
    for file, read in zip(files, read_all(files), strict=True):
        if read.layout not in numbers:
            numbers[read.layout] = len(found.layouts)
            columns, has_rare = _columns(file, read)
            found.layouts.append(columns)
            found.any_rare = found.any_rare or has_rare
        if not found.layouts[numbers[read.layout]] and read.rows:
            raise _without_column(file)
        found.any_rare = found.any_rare or read.is_rare
        footers.append(FileFooter(file, read.rows, numbers[read.layout]))
    found.footers = tuple(footers)
    if footers and not any(found.layouts):
        raise _without_column(files[0])
    return found


def _read(file: SourceFile) -> Footer:
    return read_footer(file.name, file.filesystem, file.path)


def _columns(file: SourceFile, read: Footer) -> tuple[Mapping[str, Kind], bool]:
    """Return the columns, and whether one is of decimals that Spark's vectorized reader can't read."""
    try:
        schema = read_struct(read.content).get(SCHEMA)
        if not isinstance(schema, list):
            raise TypeError("its footer has no schema")
        return columns_of(schema), has_rare_decimals(schema)
    except DAMAGE as error:
        raise InputError(
            f"source file {file.name}: damaged: {first_line(error)}. Write it again or leave it out of source.path."
        ) from None


def _without_column(file: SourceFile) -> InputError:
    return InputError(f"source file {file.name}: it has no column. Leave it out of source.path.")
