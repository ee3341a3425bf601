"""The columns of a log's first, middle and last file: a history changes, and one file shows one day of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt
from pyarrow import fs as pafs

from core.errors import InputError, first_line
from sources.listing import SourceFile
from sources.parquet.footer_reading import DAMAGE, chunks, read_content, read_footer
from sources.parquet.statistics import bounds, path_of

_TYPE, _WHOLE = 1, (1, 2)
"""ColumnMetaData's type in parquet.thrift: INT32 or INT64."""

Bounds = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LogSample:
    """The columns with their types, as in the newest of the files.

    `bounds`: the minimum and the maximum of each column of whole numbers, if footers have them; a field of
    a list of structs is called `<column>.<field>`. `folders`: the columns that `key=value` folders add.
    `differences`: in what the files differ, a sentence each.
    """

    columns: Mapping[str, pa.DataType]
    bounds: Bounds
    folders: tuple[str, ...]
    differences: tuple[str, ...]


def sample_log(files: Sequence[SourceFile]) -> LogSample:
    """Read the footers of the first, the middle and the last of a log's files.

    Raises:
        InputError: one of them is not Parquet, damaged or encrypted.
    """
    chosen = [files[index] for index in sorted({0, len(files) // 2, len(files) - 1})]
    # An empty file tells nothing about the others.
    looked_at = [file for file in chosen if _rows(file)] or chosen
    schemas = [_columns(file) for file in looked_at]
    folders = dict.fromkeys(name for file in looked_at for name in file.values)
    return LogSample(
        _newest(schemas), _bounds(looked_at), tuple(folders), tuple(_differences(looked_at, schemas))
    )


def _rows(file: SourceFile) -> int:
    return read_footer(file.name, file.filesystem, file.path).rows


def _columns(file: SourceFile) -> dict[str, pa.DataType]:
    try:
        schema = pq.read_schema(file.path, filesystem=file.filesystem)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"source file {file.name}: not Parquet, or damaged: {first_line(error)}. Write it again, or leave it out."
        ) from None
    return {field.name: field.type for field in schema}


def _newest(schemas: Iterable[Mapping[str, pa.DataType]]) -> dict[str, pa.DataType]:
    """Merge the columns; if one has several types, the last that is not the type of nulls counts."""
    merged: dict[str, pa.DataType] = {}
    for schema in schemas:
        merged |= {name: kind for name, kind in schema.items() if name not in merged or not pt.is_null(kind)}
    return merged


def _differences(files: Sequence[SourceFile], schemas: Sequence[Mapping[str, pa.DataType]]) -> Iterable[str]:
    for name in dict.fromkeys(name for schema in schemas for name in schema):
        kinds = [str(schema[name]) if name in schema else "missing" for schema in schemas]
        if len(set(kinds)) > 1:
            kinds_of_files = (f"{kind} in {file.name}" for kind, file in zip(kinds, files, strict=True))
            yield f"{name} is {', '.join(kinds_of_files)}"


def _bounds(files: Iterable[SourceFile]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for file in files:
        for name, (low, high) in bounds_of(file.name, file.filesystem, file.path):
            before = found.get(name, (low, high))
            found[name] = (min(before[0], low), max(before[1], high))
    return found


def bounds_of(name: str, filesystem: pafs.FileSystem, path: str) -> Iterable[tuple[str, tuple[int, int]]]:
    """Yield the bounds of each chunk that is stored as whole numbers; damaged statistics end them."""
    try:
        for chunk in chunks(read_content(name, filesystem, path)):
            limits = bounds(chunk) if chunk.get(_TYPE) in _WHOLE else None
            if limits is not None:
                yield _plain(path_of(chunk)), limits
    except DAMAGE:
        return


def _plain(levels: Sequence[str]) -> str:
    """Return `events.ts` for `events.list.element.ts`, however the writer named the levels of a list."""
    return ".".join((levels[0], levels[-1])) if len(levels) > 1 else levels[0]
